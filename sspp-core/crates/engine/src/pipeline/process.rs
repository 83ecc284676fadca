//! One delivery to one outcome: decode and score. Pure; the queue and the store are not touched here.

use std::sync::Arc;

use tracing::Span;

use super::PipelineConfig;
use crate::score_event::{guarded, score};
use crate::{DeadLetterReason, Delivery, Envelope, EnvelopeFault, NewDeadLetter, Record, trace_spans};
use sspp_events::{ContentDigest, DeadLetterId, Timestamp};
use sspp_scoring::ScoringModel;

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
    now: Timestamp,
) -> Outcome {
    guarded(|| decode_and_score(delivery, model, config, now)).unwrap_or_else(Outcome::Failed)
}

fn decode_and_score(
    delivery: &Delivery,
    model: &ScoringModel,
    config: &PipelineConfig,
    now: Timestamp,
) -> Outcome {
    let not_yet = |content, reason, detail: String| {
        if config.look_again.saturating_mul(delivery.postponed) >= config.unknown_for {
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
            return not_yet(None, DeadLetterReason::UnknownVersion, fault.to_string());
        }
    };
    if envelope.event_id != delivery.event_id {
        let detail = format!("the envelope is of another event: {}", envelope.event_id);
        let content = Some(ContentDigest::of(&envelope.event));
        let letter = dead_letter(delivery, content, DeadLetterReason::Undecodable, detail, now);
        return Outcome::Record(letter, Span::none());
    }
    let span = trace_spans::of_event(trace.as_ref(), delivery.event_id);
    let _in_span = span.enter();
    let accepted = Arc::new(envelope.received(delivery.enqueued_at));
    match score(&accepted, model, now) {
        Ok(signal) => {
            Outcome::Record(Record::Signal { signal, payload: delivery.payload.clone() }, span.clone())
        }
        Err(unknown) => {
            let content = Some(ContentDigest::of(&accepted.event));
            not_yet(content, DeadLetterReason::UnknownEventType, unknown.to_string())
        }
    }
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
    use crate::Receipt;
    use sspp_events::{Event, Random as _, SeededRandom};

    /// Each look at an event is a worker's by chance, and one worker in ten knows its type already.
    #[test]
    fn a_rollout_that_reached_one_worker_in_ten_buries_no_event() {
        let behind = "name = \"before\"\nversion = 1\n[events.email_sent]\nbase = 0.1\nsignal_type = \"outreach\"\ngroup = \"outreach\"\n";
        let (behind, ahead) = (ScoringModel::from_toml(behind).unwrap(), ScoringModel::embedded_default());
        let (random, config) = (SeededRandom::new(25), PipelineConfig::default());
        let now = Timestamp::parse("2026-01-01").unwrap();
        for number in 0..1_000 {
            let event = Event::builder("acc_1", "user_1", "call_made", "2025-12-31").build().unwrap();
            let job = Envelope::new(event, now.to_datetime(), &random).job(None);
            let delivery = |postponed| Delivery {
                receipt: Receipt::new("1"),
                event_id: job.event_id,
                payload: job.payload.clone(),
                attempts: 0,
                postponed,
                suspect: false,
                enqueued_at: now,
            };
            let judged = (0..).find_map(|looks| {
                let model = if random.next_u64() % 10 == 0 { &*ahead } else { &behind };
                match process(&delivery(looks), model, &config, now) {
                    Outcome::NotYet => None,
                    judged => Some((looks, judged)),
                }
            });
            let signal = matches!(judged, Some((_, Outcome::Record(Record::Signal { .. }, _))));
            assert!(signal, "event {number} after so many looks: {judged:?}");
        }
    }
}
