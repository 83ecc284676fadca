//! When a connection last broke: those that were idle then are not trusted. A server that is gone silently, or a network that forgot
//! its connections, would otherwise cost the whole time limit once for each of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use sqlx::Connection as _;
use sqlx::postgres::PgPoolOptions;

/// A connection that was used within this time is not asked whether it is alive: that would be a round trip for each call.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long an idle connection may take to say that it is alive.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct LastBreak(Arc<Mutex<Option<Instant>>>);

impl LastBreak {
    /// A connection broke now, or its server is silent.
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether one broke within this time.
    fn is_within(&self, time: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|at| at.elapsed() <= time)
    }

    /// A pool that gives out a connection only where it may be alive.
    pub(super) fn of_pool(&self, pool: PgPoolOptions) -> PgPoolOptions {
        let last = self.clone();
        pool.test_before_acquire(false).before_acquire(move |connection, meta| {
            let last = last.clone();
            async move {
                if last.is_within(meta.idle_for) {
                    return Ok(false);
                }
                if meta.idle_for < TRUSTED {
                    return Ok(true);
                }
                let answer = tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await;
                let is_alive = answer.is_ok_and(|answer| answer.is_ok());
                if !is_alive {
                    last.note();
                }
                Ok(is_alive)
            }
            .boxed()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_idle_when_one_broke_is_not_trusted() {
        let last = LastBreak::default();
        assert!(!last.is_within(Duration::MAX), "none broke yet");
        last.note();
        assert!(last.is_within(Duration::from_mins(1)), "idle for longer than that is ago");
        assert!(!last.is_within(Duration::ZERO), "used since");
    }
}
