//! `sspp score`: how a score comes to be: of a stored signal, or of an event that is only thought of.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sspp_client::{Client, SignalId};
use sspp_core::{Explanation, ScoringModel, read_text_file};

use crate::args::Score;
use crate::emit;
use crate::failure::Failure;
use crate::output::Output;

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
        return Err(Failure::wrong(format!("there is no signal {signal}")));
    };
    output.result(&explanation, || {
        let steps = explanation.steps.iter().map(|step| (step.delta, step.total, step.reason.as_str()));
        let head = format!("{} {}", explanation.event_type, explanation.signal_score);
        table(&output.strong(&head), steps)
    });
    Ok(())
}

fn local(task: &Score, output: &Output) -> Result<(), Failure> {
    let model = match &task.model {
        Some(path) => Arc::new(read(path)?),
        None => ScoringModel::embedded_default(),
    };
    // Accounts and people do not matter for a score.
    let mut arguments = task.event.clone();
    arguments.account.get_or_insert_with(|| "account".to_owned());
    arguments.user.get_or_insert_with(|| "user".to_owned());
    let event = emit::event(&arguments, None, None)?;
    let explanation = model.explain(&event).map_err(|unknown| {
        let known: Vec<_> = model.event_rules().iter().map(|rule| rule.event_type.to_string()).collect();
        Failure::wrong(format!("{unknown}: the model {} knows {}", model.name(), known.join(", ")))
    })?;
    output.result(&document(&model, &explanation), || {
        let steps =
            explanation.steps.iter().map(|step| (step.delta.to_f64(), step.total.to_f64(), &*step.reason));
        let head =
            format!("{} {} by {} {}", event.event_type, explanation.score, model.name(), model.version());
        table(&output.strong(&head), steps)
    });
    Ok(())
}

fn document(model: &ScoringModel, explanation: &Explanation<'_>) -> serde_json::Value {
    let steps = explanation.steps.iter().map(|step| {
        json!({"id": step.id, "fired": step.fired, "reason": step.reason, "error": step.error,
            "delta": step.delta.to_f64(), "total": step.total.to_f64()})
    });
    json!({
        "signalType": explanation.signal_type.as_str(),
        "score": explanation.score.to_f64(),
        "model": {"name": model.name(), "version": model.version(), "digest": model.digest().to_string()},
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn table<'a>(head: &str, steps: impl Iterator<Item = (f64, f64, &'a str)>) -> String {
    let mut text = head.to_owned();
    for (delta, total, reason) in steps {
        // Writing to a string cannot fail.
        let _: std::fmt::Result = write!(text, "\n{delta:>+9.4} {total:>8.4}  {reason}");
    }
    text
}

fn read(path: &Path) -> Result<ScoringModel, Failure> {
    let text = read_text_file(path)
        .map_err(|error| Failure::wrong(format!("cannot read {}: {error}", path.display())))?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let model = if json { ScoringModel::from_json(&text) } else { ScoringModel::from_toml(&text) };
    model.map_err(|faults| Failure::wrong(format!("{} is no scoring model: {faults}", path.display())))
}
