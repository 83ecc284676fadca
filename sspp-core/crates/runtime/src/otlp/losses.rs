//! Spans that did not reach the collector: each is counted, and the log says so once a minute at most.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::counter;

const QUIET: Duration = Duration::from_mins(1);

/// Counts what is lost, and speaks of it now and then.
#[derive(Debug, Default)]
pub(super) struct Losses(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Lost since the log last spoke of it.
    unsaid: u64,
    /// When it last did; none while everything works.
    said: Option<Instant>,
}

/// What the log is to say.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Lost(u64),
    Again(u64),
}

impl Losses {
    /// Counts silently: for where nothing may be logged, such as the end of a span. The next word includes it.
    pub(super) fn count(&self, spans: usize) {
        counter!("sspp_trace_spans_lost_total").increment(spans as u64);
        self.state().unsaid += spans as u64;
    }

    /// Spans were lost for a reason.
    pub(super) fn lost(&self, spans: usize, reason: &str) {
        self.count(spans);
        if let Some(Line::Lost(spans)) = self.state().failed(Instant::now()) {
            tracing::warn!(
                spans,
                reason,
                "traces are not exported: the collector refuses them or does not answer (OTEL_EXPORTER_OTLP_ENDPOINT)"
            );
        }
    }

    /// The collector took a batch.
    pub(super) fn taken(&self) {
        match self.state().succeeded() {
            Some(Line::Again(spans)) => tracing::info!(lost = spans, "traces are exported again"),
            Some(Line::Lost(spans)) => tracing::warn!(spans, "spans were lost: the queue was full"),
            None => {}
        }
    }

    /// How many were lost since the log last spoke of it.
    #[cfg(test)]
    pub(super) fn unsaid(&self) -> u64 {
        self.state().unsaid
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failed(&mut self, now: Instant) -> Option<Line> {
        if self.said.is_some_and(|said| now.duration_since(said) < QUIET) {
            return None;
        }
        self.said = Some(now);
        Some(Line::Lost(std::mem::take(&mut self.unsaid)))
    }

    fn succeeded(&mut self) -> Option<Line> {
        let unsaid = std::mem::take(&mut self.unsaid);
        match self.said.take() {
            Some(_) => Some(Line::Again(unsaid)),
            None => (unsaid > 0).then_some(Line::Lost(unsaid)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_that_is_away_is_spoken_of_once_a_minute() {
        let (mut state, start) = (State { unsaid: 3, said: None }, Instant::now());
        assert_eq!(state.failed(start), Some(Line::Lost(3)));
        state.unsaid += 5;
        assert_eq!(state.failed(start + QUIET / 2), None);
        assert_eq!(state.failed(start + QUIET), Some(Line::Lost(5)));
        state.unsaid += 2;
        assert_eq!(state.succeeded(), Some(Line::Again(2)));
        assert_eq!(state.succeeded(), None);
    }
}
