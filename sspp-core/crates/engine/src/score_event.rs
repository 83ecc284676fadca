//! Scores one event, for the pipeline and for direct intake. Pure; neither queue nor store is touched here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::NewSignal;
use sspp_events::{AcceptedEvent, ContentDigest, Timestamp};
use sspp_scoring::{ScoringModel, UnknownEventType};

/// Scores an event; it is to be processed now.
pub(crate) fn score(
    accepted: &Arc<AcceptedEvent>,
    model: &ScoringModel,
    now: Timestamp,
) -> Result<NewSignal, UnknownEventType> {
    #[cfg(feature = "faults")]
    sspp_events::faults::pass(sspp_events::faults::Point::Score, Some(accepted.event.account_id.as_str()));
    let scored = model.score(&accepted.event)?;
    let (signal_type, score) = (scored.signal_type.clone(), scored.score);
    Ok(NewSignal {
        content: ContentDigest::of(&accepted.event),
        accepted: Arc::clone(accepted),
        signal_type,
        score,
        model: model.digest(),
        processed_at: now,
    })
}

/// Does work on one event. A panic is this event's failure, not the process's: the error says what it said.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let reason = panic.downcast_ref::<String>().map(String::as_str);
        let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        format!("scoring panicked: {reason}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_the_events_failure() {
        assert_eq!(
            guarded(|| -> u8 { panic!("at event {}", 7) }),
            Err("scoring panicked: at event 7".into())
        );
        assert_eq!(guarded(|| 7), Ok(7));
    }
}
