//! `sspp score`: how a score comes to be: of a stored signal, or of an event that is only thought of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use sspp_client::{Client, ExplanationStep, ModelInfo, SignalId};
use sspp_events::read_text_file;
use sspp_scoring::ScoringModel;

use crate::event_arguments::EventArguments;
use crate::failure::Failure;
use crate::listing::{Listing, Side};
use crate::output::Output;

#[derive(Debug, Args)]
#[command(override_usage = "sspp score [OPTIONS] <SIGNAL>\n       sspp score [OPTIONS] --type <TYPE>")]
pub(crate) struct Score {
    /// Number of the signal to explain
    #[arg(
        conflicts_with_all = ["event_type", "metadata", "with", "model"],
        required_unless_present = "event_type"
    )]
    signal: Option<SignalId>,
    /// Event type, such as `email_clicked`
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Metadata as a JSON object
    #[arg(short, long, value_name = "JSON", requires = "event_type")]
    metadata: Option<String>,
    /// One member of the metadata; the value is JSON if it is valid JSON, else text. May be repeated
    #[arg(
        short,
        long = "with",
        value_name = "KEY=VALUE",
        conflicts_with = "metadata",
        requires = "event_type"
    )]
    with: Vec<String>,
    /// Scoring model (TOML or JSON) for the event; the built-in one by default
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
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
        return Err(Failure::new(format!("there is no signal {signal}: `sspp signals` lists them")));
    };
    output.document(&explanation, || {
        let (event_type, signal_type) = (explanation.event_type.as_str(), explanation.signal_type.as_str());
        head(output, event_type, explanation.signal_score, signal_type, &explanation.model);
        table(output, &explanation.steps, &explanation.summary);
    });
    if let Some(detail) = explanation.detail.as_deref().filter(|_| !explanation.consistent) {
        return Err(Failure::new(format!(
            "the stored score differs from the score that its model gives: {detail}"
        )));
    }
    Ok(())
}

fn local(task: &Score, output: &Output) -> Result<(), Failure> {
    let model = read_model(task.model.as_deref())?;
    // Accounts, people and times do not matter for a score.
    let arguments = EventArguments {
        account: Some("account".to_owned()),
        user: Some("user".to_owned()),
        event_type: task.event_type.clone(),
        at: None,
        metadata: task.metadata.clone(),
        with: task.with.clone(),
    };
    let event = arguments.event(None, None)?;
    let explanation = model.explain(&event).map_err(|unknown| {
        let known: Vec<_> = model.event_rules().iter().map(|rule| rule.event_type.to_string()).collect();
        Failure::new(format!("{unknown}: the model {} knows {}", model.name(), known.join(", ")))
    })?;
    let summary = explanation.to_string();
    let (model, score) = (ModelInfo::from(&*model), explanation.score.to_f64());
    let (event_type, signal_type) = (event.event_type.as_str(), explanation.signal_type.as_str());
    let steps: Vec<_> = explanation.steps.iter().map(ExplanationStep::from).collect();
    // The members that the API's explanation of a signal has.
    let document = json!({"event_type": event_type, "signal_type": signal_type, "signal_score": score, "model": model,
        "steps": steps, "summary": summary});
    output.document(&document, || {
        head(output, event_type, score, signal_type, &model);
        table(output, &steps, &summary);
    });
    Ok(())
}

fn head(output: &Output, event_type: &str, score: f64, signal_type: &str, model: &ModelInfo) {
    let ModelInfo { name, version, .. } = model;
    output.line(&output.strong(&format!("{event_type} {score:.2} {signal_type}, by {name} {version}")));
}

fn table(output: &Output, steps: &[ExplanationStep], summary: &str) {
    let columns = [
        ("STEP", Side::Left),
        ("FIRED", Side::Left),
        ("CHANGE", Side::Right),
        ("TOTAL", Side::Right),
        ("WHY", Side::Left),
    ];
    let mut list = Listing::new(output, &columns);
    for step in steps {
        list.add(step, || {
            let name = step.id.as_deref().unwrap_or(step.kind.as_str()).to_owned();
            let fired = step.fired.map_or("", |fired| if fired { "yes" } else { "no" });
            let change = if step.delta == 0.0 { "0.0000".to_owned() } else { format!("{:+.4}", step.delta) };
            let error = step.error.as_ref().map(|error| format!(" (not evaluated: {error})"));
            let why = format!("{}{}", step.reason, error.unwrap_or_default());
            vec![name, fired.to_owned(), change, format!("{:.4}", step.total), why]
        });
    }
    list.end("");
    output.line(summary);
}

/// The model of a file; the built-in one without.
pub(crate) fn read_model(path: Option<&Path>) -> Result<Arc<ScoringModel>, Failure> {
    let Some(path) = path else { return Ok(ScoringModel::embedded_default()) };
    let text = read_text_file(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let model = if json { ScoringModel::from_json(&text) } else { ScoringModel::from_toml(&text) };
    model
        .map(Arc::new)
        .map_err(|faults| Failure::new(format!("{} is no scoring model: {faults}", path.display())))
}
