//! Scores events with the active model or another, and stores nothing.

use std::sync::Arc;

use bytes::Bytes;
use poem::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use sspp_core::{ModelFaults, ParseFault, ScoringModel, Timestamp, Violation, parse_event};
use sspp_events::read_text;

use super::preview_body::{PreviewBody, PreviewResult, PreviewSchema};
use crate::http::{Call, JsonBody, JsonText, Problem};

/// Events in one preview: a model may be slow, and this is enough to read.
const MOST_EVENTS: usize = 100;
/// Faults of a model that are listed.
const MOST_FAULTS: usize = 100;

pub(super) async fn preview(
    call: Call,
    body: JsonText<PreviewSchema>,
) -> Result<JsonBody<PreviewBody>, Problem> {
    let (active, now) = (Arc::clone(&call.state.ports.model), call.state.now());
    let scored = tokio::task::spawn_blocking(move || score(&body.json, active, now)).await;
    let scored = scored.map_err(|error| Problem::internal(format!("a preview ended: {error}")))?;
    Ok(JsonBody(scored?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewRequest<'j> {
    #[serde(borrow)]
    events: Vec<&'j RawValue>,
    #[serde(borrow, default)]
    model: Option<&'j RawValue>,
}

fn score(body: &Bytes, active: Arc<ScoringModel>, now: Timestamp) -> Result<PreviewBody, Problem> {
    let malformed = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "malformed-body", detail);
    let text = read_text(body).map_err(|fault| malformed(format!("the body {fault}")))?;
    let asked: PreviewRequest<'_> = serde_json::from_str(text)
        .map_err(|error| malformed(format!("the JSON is not a request for a preview: {error}")))?;
    if asked.events.is_empty() {
        let detail = "events must hold at least one event".to_owned();
        let violation = Violation { pointer: "/events".to_owned(), code: "required".into(), detail };
        return Err(Problem::invalid("invalid-preview", vec![violation]));
    }
    if asked.events.len() > MOST_EVENTS {
        let detail = format!("A preview takes at most {MOST_EVENTS} events");
        return Err(Problem::too_large(detail));
    }
    let model = match asked.model.map(RawValue::get) {
        None | Some("null") => active,
        Some(document) => Arc::new(compile(document)?),
    };
    let results = (0..).zip(asked.events).map(|(index, raw)| {
        let scored = parse_event(raw.get().as_bytes(), &model, now).map_err(ParseFault::into_violations);
        scored.map_or_else(
            |violations| PreviewResult::rejected(index, &violations),
            |event| match model.explain(&event) {
                Ok(explanation) => PreviewResult::scored(index, &event, &explanation),
                // The event was read by this model, which knows its type.
                Err(_) => PreviewResult::default(),
            },
        )
    });
    let results = results.collect();
    Ok(PreviewBody::new(&model, results))
}

/// A model from its document: a JSON object, or TOML in a JSON string.
fn compile(document: &str) -> Result<ScoringModel, Problem> {
    let compiled = if document.starts_with('"') {
        let toml: String = serde_json::from_str(document).map_err(|_| {
            Problem::parameter("/model", "lone_surrogate", "model must not hold lone surrogates")
        })?;
        ScoringModel::from_toml(&toml)
    } else {
        ScoringModel::from_json(document)
    };
    compiled.map_err(|ModelFaults(faults)| {
        let violation = |fault: &sspp_core::ModelFault| Violation {
            pointer: format!("/model{}", pointer(&fault.path)),
            code: "model_fault".into(),
            detail: fault.to_string(),
        };
        Problem::invalid("invalid-model", faults.iter().take(MOST_FAULTS).map(violation).collect())
    })
}

/// A fault's path as a JSON pointer: `modifiers[1].when` is `/modifiers/1/when`.
fn pointer(path: &str) -> String {
    let mut pointer = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        let name = if let Some(bracketed) = rest.strip_prefix('[') {
            // A number, or a name in quotes because of what it holds.
            let mut values = serde_json::Deserializer::from_str(bracketed).into_iter::<serde_json::Value>();
            let Some(Ok(value)) = values.next() else { break };
            rest =
                bracketed.get(values.byte_offset()..).and_then(|rest| rest.strip_prefix(']')).unwrap_or("");
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        } else {
            let plain = rest.strip_prefix('.').unwrap_or(rest);
            let end = plain.find(['.', '[']).unwrap_or(plain.len());
            rest = &plain[end..];
            plain[..end].to_owned()
        };
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::pointer;

    #[test]
    fn paths_become_pointers() {
        for (path, expected) in [
            ("", ""),
            ("version", "/version"),
            ("events.email_sent.base", "/events/email_sent/base"),
            ("modifiers[1].when", "/modifiers/1/when"),
            (r#"events["a.b/c"].base"#, "/events/a.b~1c/base"),
            (r#"events["]"]"#, "/events/]"),
            ("events[", "/events"),
        ] {
            assert_eq!(pointer(path), expected, "{path}");
        }
    }
}
