//! One delivery to one outcome: decode and score. Pure; the queue and the store are not touched here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tracing::Span;

use super::PipelineConfig;
use crate::{
    ContentDigest, DeadLetterId, DeadLetterReason, Delivery, Envelope, EnvelopeFault, NewDeadLetter,
    NewSignal, Record, ScoringModel, Timestamp, trace_spans,
};

/// What became of a delivery.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// The store is to keep this; the span is that of an event that a trace brought, and ends when it is kept.
    Record(Record, Span),
    /// This release or model does not understand it yet; a later one may.
    NotYet,
    /// The code failed on it.
    Failed(String),
}

/// Decodes and scores a delivery; a panic in either is this event's failure, not the pipeline's.
pub(super) fn process(
    delivery: &Delivery,
    model: &ScoringModel,
    config: &PipelineConfig,
    since: Timestamp,
    now: Timestamp,
) -> Outcome {
    guarded(|| decode_and_score(delivery, model, config, since, now))
}

fn guarded(work: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let reason = panic.downcast_ref::<String>().map(String::as_str);
        let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Outcome::Failed(format!("scoring panicked: {reason}"))
    })
}

fn decode_and_score(
    delivery: &Delivery,
    model: &ScoringModel,
    config: &PipelineConfig,
    since: Timestamp,
    now: Timestamp,
) -> Outcome {
    let not_yet = |content, reason, limit: Duration, detail: String| {
        let waited = now.micros().saturating_sub(since.micros());
        if u128::try_from(waited).is_ok_and(|waited| waited >= limit.as_micros()) {
            Outcome::Record(dead_letter(delivery, content, reason, detail, now), Span::none())
        } else {
            Outcome::NotYet
        }
    };
    let (envelope, trace) = match Envelope::decode_traced(&delivery.payload) {
        Ok(read) => read,
        Err(fault @ EnvelopeFault::Malformed { .. }) => {
            let detail = fault.to_string();
            let letter = dead_letter(delivery, None, DeadLetterReason::Undecodable, detail, now);
            return Outcome::Record(letter, Span::none());
        }
        Err(fault @ (EnvelopeFault::UnknownVersion { .. } | EnvelopeFault::UnknownKind { .. })) => {
            return not_yet(
                None,
                DeadLetterReason::UnknownVersion,
                config.unknown_version_for,
                fault.to_string(),
            );
        }
    };
    if envelope.event.event_id != delivery.event_id {
        let detail = format!("the envelope is of another event: {}", envelope.event.event_id);
        let content = Some(ContentDigest::of(&envelope.event.event));
        let letter = dead_letter(delivery, content, DeadLetterReason::Undecodable, detail, now);
        return Outcome::Record(letter, Span::none());
    }
    let span = trace_spans::of_event(trace.as_ref(), delivery.event_id);
    let _in_span = span.enter();
    #[cfg(feature = "faults")]
    crate::faults::pass(crate::faults::Point::Score, Some(envelope.event.event.account_id.as_str()));
    let (signal_type, score) = match model.score(&envelope.event.event) {
        Ok(scored) => (scored.signal_type.clone(), scored.score),
        Err(unknown) => {
            let limit = config.unknown_event_type_for;
            let content = Some(ContentDigest::of(&envelope.event.event));
            return not_yet(content, DeadLetterReason::UnknownEventType, limit, unknown.to_string());
        }
    };
    let signal = NewSignal {
        content: ContentDigest::of(&envelope.event.event),
        accepted: envelope.event.into(),
        signal_type,
        score,
        model: model.digest(),
        processed_at: now,
    };
    Outcome::Record(Record::Signal { signal, payload: delivery.payload.clone() }, span.clone())
}

/// The dead letter of a delivery, which counts the attempts that failed so far.
pub(super) fn dead_letter(
    delivery: &Delivery,
    content: Option<ContentDigest>,
    reason: DeadLetterReason,
    detail: String,
    now: Timestamp,
) -> Record {
    Record::DeadLetter(NewDeadLetter {
        id: DeadLetterId::of_event(delivery.event_id),
        event_id: delivery.event_id,
        content,
        payload: delivery.payload.clone(),
        reason,
        detail,
        attempts: delivery.attempts,
        enqueued_at: delivery.enqueued_at,
        died_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_the_events_failure() {
        assert_eq!(
            guarded(|| panic!("at event {}", 7)),
            Outcome::Failed("scoring panicked: at event 7".into())
        );
        assert_eq!(guarded(|| Outcome::NotYet), Outcome::NotYet);
    }
}
