//! `sspp score`: how a score comes to be: of a stored signal, or of an event that is only thought of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use sspp_client::{Client, SignalId};
use sspp_core::{Explanation, ScoringModel, StepKind, read_text_file};

use crate::event_arguments::EventArguments;
use crate::failure::Failure;
use crate::listing::{Listing, Side};
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Score {
    /// Number of the signal to explain
    #[arg(
        conflicts_with_all = ["account", "user", "event_type", "at", "metadata", "with", "model"],
        required_unless_present = "event_type"
    )]
    signal: Option<SignalId>,
    #[command(flatten)]
    event: EventArguments,
    /// Scoring model (TOML or JSON) for the event; the built-in one unless given
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// A step towards a score.
struct Step {
    name: String,
    fired: Option<bool>,
    delta: f64,
    total: f64,
    reason: String,
}

/// Explains.
pub(crate) async fn run(
    task: &Score,
    connect: impl FnOnce() -> Result<Client, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    match task.signal {
        Some(signal) => stored(signal, &connect()?, output).await,
        None => local(task, output),
    }
}

async fn stored(signal: SignalId, client: &Client, output: &Output) -> Result<(), Failure> {
    let explanation = client.explanation(signal).await?;
    let Some(explanation) = explanation else {
        return Err(Failure::wrong(format!("there is no signal {signal}: `sspp signals` lists them")));
    };
    if output.is_json() {
        output.result(&explanation, String::new);
        return Ok(());
    }
    let model = format!("{} {}", explanation.model.name, explanation.model.version);
    let (event_type, signal_type) = (explanation.event_type.as_str(), explanation.signal_type.as_str());
    head(output, event_type, explanation.signal_score, signal_type, &model);
    let steps = explanation.steps.iter().map(|step| Step {
        name: step.id.clone().unwrap_or_else(|| step.kind.to_string()),
        fired: step.fired,
        delta: step.delta,
        total: step.total,
        reason: why(&step.reason, step.error.as_deref()),
    });
    table(output, steps, &explanation.summary);
    if let Some(detail) = explanation.detail.as_deref().filter(|_| !explanation.consistent) {
        return Err(Failure::wrong(format!(
            "the stored score is not the one that its model gives: {detail}"
        )));
    }
    Ok(())
}

fn local(task: &Score, output: &Output) -> Result<(), Failure> {
    let model = read_model(task.model.as_deref())?;
    // Accounts and people do not matter for a score.
    let mut arguments = task.event.clone();
    arguments.account.get_or_insert_with(|| "account".to_owned());
    arguments.user.get_or_insert_with(|| "user".to_owned());
    let event = arguments.event(None, None)?;
    let explanation = model.explain(&event).map_err(|unknown| {
        let known: Vec<_> = model.event_rules().iter().map(|rule| rule.event_type.to_string()).collect();
        Failure::wrong(format!("{unknown}: the model {} knows {}", model.name(), known.join(", ")))
    })?;
    let summary = explanation.summary(&event.event_type);
    if output.is_json() {
        output.result(&document(&model, event.event_type.as_str(), &explanation, &summary), String::new);
        return Ok(());
    }
    let name = format!("{} {}", model.name(), model.version());
    let score = explanation.score.to_f64();
    head(output, event.event_type.as_str(), score, explanation.signal_type.as_str(), &name);
    let steps = explanation.steps.iter().map(|step| Step {
        name: step.id.unwrap_or(kind(step.kind)).to_owned(),
        fired: step.fired,
        delta: step.delta.to_f64(),
        total: step.total.to_f64(),
        reason: why(&step.reason, step.error.as_deref()),
    });
    table(output, steps, &summary);
    Ok(())
}

fn why(reason: &str, error: Option<&str>) -> String {
    error.map_or_else(|| reason.to_owned(), |error| format!("{reason} (not evaluated: {error})"))
}

const fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Base => "base",
        StepKind::Modifier => "modifier",
        StepKind::Cap => "cap",
        StepKind::Round => "round",
    }
}

/// With the members that the API's explanation of a signal has.
fn document(
    model: &ScoringModel,
    event_type: &str,
    explanation: &Explanation<'_>,
    summary: &str,
) -> serde_json::Value {
    let steps = explanation.steps.iter().map(|step| {
        let inputs = step.inputs.iter().map(|input| json!({"path": input.path, "value": input.value}));
        json!({"kind": kind(step.kind), "id": step.id, "fired": step.fired, "inputs": inputs.collect::<Vec<_>>(),
            "reason": step.reason, "error": step.error, "delta": step.delta.to_f64(), "total": step.total.to_f64()})
    });
    json!({
        "event_type": event_type,
        "signal_type": explanation.signal_type.as_str(),
        "signal_score": explanation.score.to_f64(),
        "model": {"name": model.name(), "version": model.version(), "digest": model.digest().to_string()},
        "steps": steps.collect::<Vec<_>>(),
        "summary": summary,
    })
}

fn head(output: &Output, event_type: &str, score: f64, signal_type: &str, model: &str) {
    output.line(&output.strong(&format!("{event_type} {score:.2} {signal_type}, by {model}")));
}

fn table(output: &Output, steps: impl Iterator<Item = Step>, summary: &str) {
    let columns = [
        ("STEP", Side::Left),
        ("FIRED", Side::Left),
        ("CHANGE", Side::Right),
        ("TOTAL", Side::Right),
        ("WHY", Side::Left),
    ];
    let mut list = Listing::new(output, &columns);
    for step in steps {
        let fired = step.fired.map_or("", |fired| if fired { "yes" } else { "no" });
        list.add(&(), || {
            let change = if step.delta == 0.0 { "0.0000".to_owned() } else { format!("{:+.4}", step.delta) };
            vec![step.name, fired.to_owned(), change, format!("{:.4}", step.total), step.reason]
        });
    }
    list.end("");
    output.line(summary);
}

/// The model of a file; the built-in one without.
pub(crate) fn read_model(path: Option<&Path>) -> Result<Arc<ScoringModel>, Failure> {
    let Some(path) = path else { return Ok(ScoringModel::embedded_default()) };
    let text = read_text_file(path)
        .map_err(|error| Failure::wrong(format!("cannot read {}: {error}", path.display())))?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let model = if json { ScoringModel::from_json(&text) } else { ScoringModel::from_toml(&text) };
    model
        .map(Arc::new)
        .map_err(|faults| Failure::wrong(format!("{} is no scoring model: {faults}", path.display())))
}
