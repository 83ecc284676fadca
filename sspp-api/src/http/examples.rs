//! The document's examples: of bodies and answers as a feature recorded them, and of every failure made from its status.

use poem::http::StatusCode;
use serde_json::{Value, json};

use super::problem::PROBLEM_JSON;

/// Puts examples into one operation of the document.
pub(super) fn add_examples(operation: &mut Value, path: &str, recorded: &Value) {
    for (media, content) in content_of(operation.get_mut("requestBody")) {
        put(content, recorded["request"].get(media));
    }
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for (status, response) in responses.into_iter().flatten() {
        let said = response["description"].as_str().unwrap_or_default().to_owned();
        for (media, content) in content_of(Some(response)) {
            let problem = (media == PROBLEM_JSON).then(|| problem(status, path, &said)).flatten();
            let recorded = recorded["response"].get(status);
            // Where an answer has several types, each has its own.
            let recorded = recorded.and_then(|recorded| recorded.get(media)).or(recorded);
            put(content, problem.as_ref().or(recorded));
        }
    }
}

/// The content of a body or an answer, by its type.
fn content_of(holder: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    let content = holder.and_then(|holder| holder.get_mut("content")).and_then(Value::as_object_mut);
    content.into_iter().flatten()
}

fn put(content: &mut Value, example: Option<&Value>) {
    if let (Some(content), Some(example)) = (content.as_object_mut(), example) {
        content.insert("example".to_owned(), example.clone());
    }
}

/// What a failure of a status looks like.
fn problem(status: &str, path: &str, detail: &str) -> Option<Value> {
    let status = StatusCode::from_bytes(status.replace("XX", "00").as_bytes()).ok()?;
    let kind = match status.as_u16() {
        400 => "malformed-body",
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not-found",
        408 => "request-timeout",
        409 => "not-replayable",
        413 => "too-large",
        415 => "unsupported-media-type",
        429 => "rate-limited",
        503 => "unavailable",
        _ => "internal",
    };
    let title = status.canonical_reason()?;
    Some(json!({
        "type": format!("urn:sspp:problem:{kind}"), "title": title, "status": status.as_u16(), "detail": detail,
        "instance": path, "requestId": "5a1c0f3a2b7d4e8f9a6b1c2d3e4f5061", "statusCode": status.as_u16(),
        "error": title, "message": detail,
    }))
}
