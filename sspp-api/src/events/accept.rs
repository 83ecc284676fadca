//! Intake: bytes to events, events through the intake, 202. Nothing on this path builds a tree of JSON values.

use std::time::Duration;

use sspp_core::{Event, ParseFault, Verdict};

use super::body::{EventForm, EventsBody, Holds, TakesMany, TakesOne};
use super::parse::{read_many, read_one, refused};
use super::taken::Taken;
use super::verdict::{BatchAnswer, VerdictBody};
use crate::http::{Call, Problem};

pub(super) async fn accept_one(call: Call, body: EventsBody<TakesOne>) -> Result<Taken, Problem> {
    let form = match &body.holds {
        Holds::One(form) => form,
        Holds::Many(_) => return Ok(Taken::Many(take_batch(&call, body).await?)),
    };
    let event = read_one(&body, form, &call.state).map_err(|fault| match fault {
        ParseFault::Malformed { detail }
            if matches!(form, EventForm::Plain) && body.bytes.trim_ascii_start().starts_with(b"[") =>
        {
            let prefix = &call.state.settings.prefix;
            let detail =
                format!(r#"{detail}; send several events to {prefix}/events/batch as {{"events":[…]}}"#);
            refused(ParseFault::Malformed { detail })
        }
        fault => refused(fault),
    })?;
    call.state.metrics.event_received(event.event_type.as_str());
    let (verdicts, _) = take(&call, [event].into_iter()).await?;
    let verdict = verdicts.first().ok_or_else(|| Problem::internal("intake gave no verdict for an event"))?;
    Ok(Taken::One(verdict.event_id, verdict.outcome.dead_letter()))
}

pub(super) async fn accept_many(call: Call, body: EventsBody<TakesMany>) -> Result<BatchAnswer, Problem> {
    take_batch(&call, body).await
}

/// Takes the valid events of a batch, with a verdict for each.
async fn take_batch<O>(call: &Call, body: EventsBody<O>) -> Result<BatchAnswer, Problem> {
    let state = &call.state;
    let parsed = match &body.holds {
        Holds::Many(format) => read_many(state, body.bytes, *format).await?,
        Holds::One(form) => match read_one(&body, form, state) {
            Ok(event) => vec![Ok(event)],
            Err(ParseFault::Invalid(violations)) => vec![Err(violations)],
            Err(fault) => return Err(refused(fault)),
        },
    };
    let mut events = Vec::with_capacity(parsed.len());
    let mut results = Vec::with_capacity(parsed.len());
    for (index, event) in parsed.into_iter().enumerate() {
        match event {
            Ok(event) => {
                state.metrics.event_received(event.event_type.as_str());
                events.push(event);
                results.push(None);
            }
            Err(violations) => results.push(Some(VerdictBody::rejected(index, &violations))),
        }
    }
    state.metrics.events_rejected("invalid-event", (results.len() - events.len()) as u64);
    let (verdicts, retry_after) = take(call, events.into_iter()).await?;
    let mut verdicts = verdicts.into_iter();
    let results = results
        .into_iter()
        .enumerate()
        .filter_map(|(index, rejected)| rejected.or_else(|| Some(VerdictBody::of(index, verdicts.next()?))));
    Ok(BatchAnswer { verdicts: results.collect::<Vec<_>>().into(), retry_after })
}

/// Gives events to the intake, and says when to send again those that it did not take. If it took none, the call has failed.
async fn take(
    call: &Call,
    events: impl ExactSizeIterator<Item = Event> + Send,
) -> Result<(Vec<Verdict>, Option<Duration>), Problem> {
    let (state, given) = (&call.state, events.len());
    let accepted = state.take(state.intake.accept(events, call.trace.as_ref())).await;
    let verdicts = accepted.inspect_err(|_| state.metrics.queue_failed(given))?;
    let waits = verdicts.iter().filter_map(|verdict| verdict.outcome.retry_after());
    let (refused, longest) =
        waits.fold((0, None), |(refused, longest), wait| (refused + 1, longest.max(Some(wait))));
    state.metrics.queue_failed(refused);
    state.metrics.events_queued(given - refused);
    match longest {
        None => Ok((verdicts, None)),
        Some(wait) if refused == given && state.is_direct() => {
            Err(Problem::unavailable("Too many events are waiting to be recorded; try again later", wait))
        }
        Some(wait) if refused == given => Err(Problem::full_queue(wait)),
        Some(wait) => Ok((verdicts, Some(state.backpressure.retry_after().unwrap_or(wait)))),
    }
}
