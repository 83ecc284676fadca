//! The settings of retention, for flags and environment.

use std::time::Duration;

use clap::Args;

use super::length::read_age;
use sspp_engine::Retention;

/// For how long signals and dead letters are kept.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     retention: sspp_runtime::RetentionArgs,
/// }
/// let retention = Config::parse_from(["x", "--retain-signals", "90d"]).retention.retention();
/// assert_eq!(retention.signals.unwrap().as_secs(), 90 * 86_400);
/// assert!(Config::parse_from(["x"]).retention.retention().is_off());
/// ```
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionArgs {
    /// Remove signals that are older than this, such as 90d; at least a day. Without it they stay for ever. Must be longer than
    /// any producer retries: an event that is sent again after its signal was removed counts again. With Redis the workers do
    /// it, otherwise sspp-api.
    #[arg(long, env = "SSPP_RETAIN_SIGNALS", value_name = "SSPP_RETAIN_SIGNALS", value_parser = read_age)]
    pub retain_signals: Option<Duration>,

    /// Remove dead letters that are older than this, such as 30d; at least a day. Without it they stay for ever. A removed one
    /// cannot be replayed. With Redis the workers do it, otherwise sspp-api.
    #[arg(long, env = "SSPP_RETAIN_DEAD_LETTERS", value_name = "SSPP_RETAIN_DEAD_LETTERS", value_parser = read_age)]
    pub retain_dead_letters: Option<Duration>,
}

impl RetentionArgs {
    /// The variables that are set.
    pub fn given(&self) -> Vec<&'static str> {
        let signals = self.retain_signals.map(|_| "SSPP_RETAIN_SIGNALS");
        signals.into_iter().chain(self.retain_dead_letters.map(|_| "SSPP_RETAIN_DEAD_LETTERS")).collect()
    }

    /// What is too old.
    pub fn retention(&self) -> Retention {
        Retention {
            signals: self.retain_signals,
            dead_letters: self.retain_dead_letters,
            ..Retention::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use clap::Parser;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use sspp_core::SqliteStore;
    use sspp_engine::{Models as _, Record, Signals as _, Upkeep};
    use sspp_events::ManualClock;
    use sspp_testing::builders::{at, dead_letter, model, signal};
    use sspp_testing::eventually;

    #[derive(Debug, Parser)]
    struct Config {
        #[command(flatten)]
        retention: RetentionArgs,
    }

    #[test]
    fn what_went_is_counted_by_kind() {
        let recorder = crate::recorder();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        metrics::with_local_recorder(&recorder, || {
            runtime.block_on(async {
                let clock = Arc::new(ManualClock::at(at(100_000).to_datetime()));
                let store = Arc::new(SqliteStore::in_memory().await.unwrap().with_clock(clock));
                let mut batch: Vec<_> = (1..=7).map(|number| signal(number).record()).collect();
                batch.push(Record::DeadLetter(dead_letter(100)));
                store.put_model(&model(0)).await.unwrap();
                store.record(batch).await.unwrap();
                let (signals, dead_letters) = (Some(Retention::SHORTEST), Some(Retention::SHORTEST));
                let retention = Retention {
                    signals,
                    dead_letters,
                    batch: 3,
                    pause: Duration::from_millis(1),
                    ..Retention::default()
                };
                let upkeep = Upkeep::new(store.clone()).retention(retention);
                let retaining = tokio::spawn(upkeep.run(CancellationToken::new()));
                let handle = recorder.handle();
                // A step is counted after its commit.
                eventually("all that is too old went, and was counted", async || {
                    let stats = store.stats().await.unwrap();
                    (stats.signals, stats.dead_letters) == (0, 0)
                        && handle.render().contains("sspp_expired_total{kind=\"dead_letter\"} 1")
                })
                .await;
                assert!(!retaining.is_finished(), "it goes on looking");
            });
        });
        let shown = recorder.handle().render();
        for line in ["sspp_expired_total{kind=\"signal\"} 7", "sspp_expired_total{kind=\"dead_letter\"} 1"] {
            assert!(shown.contains(line), "{line}\n{shown}");
        }
    }

    #[test]
    fn what_is_too_short_is_refused_by_name() {
        for (flag, variable) in [
            ("--retain-signals", "SSPP_RETAIN_SIGNALS"),
            ("--retain-dead-letters", "SSPP_RETAIN_DEAD_LETTERS"),
        ] {
            for value in ["1h", "0", "soon", "30"] {
                let said = Config::try_parse_from(["x", flag, value]).unwrap_err().to_string();
                for part in [flag, variable, value, "at least a day"] {
                    assert!(said.contains(part), "{part}: {said}");
                }
            }
        }
        let both = ["x", "--retain-signals", "24h", "--retain-dead-letters", "7d"];
        let retention = Config::parse_from(both).retention.retention();
        assert_eq!(retention.signals, Some(Retention::SHORTEST));
        assert_eq!(retention.dead_letters, Some(Retention::SHORTEST * 7));
    }
}
