//! Retention over SQLite, by a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use sspp_core::testing::builders::{at, dead_letter, model, signal};
use sspp_core::testing::{FaultyStore, eventually};
use sspp_core::*;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::span;

const DAY: i64 = 86_400;

/// Days after the start of the year.
fn clock(days: i64) -> Arc<ManualClock> {
    Arc::new(ManualClock::at(at(days * DAY).to_datetime()))
}

/// 600 signals on each of the first days, of accounts that come and go, and a dead letter a day.
async fn fill(store: &dyn Store, days: i64) {
    store.put_model(&model(0)).await.unwrap();
    for day in 0..days {
        let batch = (0..600).map(|n| {
            let number = u64::try_from(day * 600 + n).unwrap();
            signal(number).account(&format!("acc_{day}")).processed_at(at(day * DAY + n)).record()
        });
        store.import(batch.collect()).await.unwrap();
        let letter = dead_letter(u64::try_from(100_000 + day).unwrap());
        let letter = NewDeadLetter { died_at: at(day * DAY), ..letter };
        store.import(vec![Record::DeadLetter(letter)]).await.unwrap();
    }
}

/// What is looked at often.
fn often() -> Retention {
    Retention { pause: Duration::from_millis(1), every: Duration::from_millis(5), ..Retention::default() }
}

/// Waits until retention looked again, from beginning to end.
async fn looked_again(store: &FaultyStore<SqliteStore>) {
    let before = store.times_asked();
    eventually("it looks again", async || store.times_asked() >= before + 2).await;
}

fn days(days: u32) -> Duration {
    Retention::SHORTEST * days
}

/// Signals, accounts, dead letters.
async fn figures(store: &dyn Store) -> (u64, u64, u64) {
    let stats = store.stats().await.unwrap();
    (stats.signals, stats.accounts, stats.dead_letters)
}

/// Removes what is too old, in the background, until the store is closed.
fn retain(store: Arc<dyn Store>, retention: Retention) -> JoinHandle<()> {
    tokio::spawn(Upkeep::new(store).retention(retention).run(CancellationToken::new()))
}

async fn is(store: &dyn Store, wanted: (u64, u64, u64)) {
    eventually(&format!("{wanted:?} are left"), async || figures(store).await == wanted).await;
}

#[tokio::test]
async fn what_becomes_too_old_goes_and_nothing_else() {
    let clock = clock(10);
    let store = Arc::new(SqliteStore::in_memory().await.unwrap().with_clock(clock.clone()));
    let store = Arc::new(FaultyStore::new(store, |_| None));
    fill(&*store, 10).await;
    let retention = Retention { signals: Some(days(5)), dead_letters: Some(days(3)), ..often() };
    let retaining = retain(store.clone(), retention);
    is(&*store, (3_000, 5, 3)).await;
    looked_again(&store).await;
    assert_eq!(figures(&*store).await, (3_000, 5, 3), "the clock stands");
    clock.advance(TimeDelta::days(1) + TimeDelta::seconds(10));
    is(&*store, (2_390, 4, 1)).await;
    clock.advance(TimeDelta::days(-300));
    looked_again(&store).await;
    assert_eq!(figures(&*store).await, (2_390, 4, 1), "a clock that is set back removes nothing");
    clock.advance(TimeDelta::days(400));
    is(&*store, (0, 0, 0)).await;
    retaining.abort();
}

#[tokio::test]
async fn one_kind_may_be_kept_for_ever_and_by_default_all_is() {
    let clock = clock(4_000);
    let store = Arc::new(SqliteStore::in_memory().await.unwrap().with_clock(clock.clone()));
    let store = Arc::new(FaultyStore::new(store, |_| None));
    fill(&*store, 4).await;
    // It would run for ever if it did anything.
    retain(store.clone(), Retention::default()).await.unwrap();
    assert_eq!(figures(&*store).await, (2_400, 4, 4));
    let letters = Retention { dead_letters: Some(days(1)), ..often() };
    let retaining = retain(store.clone(), letters);
    is(&*store, (2_400, 4, 0)).await;
    retaining.abort();
    clock.advance(TimeDelta::days(4 - 4_000));
    // Less than a day is taken as a day, however it got here.
    let hasty = Retention { signals: Some(Duration::ZERO), ..often() };
    let retaining = retain(store.clone(), hasty);
    is(&*store, (600, 1, 0)).await;
    looked_again(&store).await;
    assert_eq!(figures(&*store).await, (600, 1, 0));
    retaining.abort();
}

/// Counts warnings.
struct Warnings(Arc<AtomicU32>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn an_outage_is_logged_once_and_waited_out() {
    let warnings = Arc::new(AtomicU32::new(0));
    let _logs = tracing::subscriber::set_default(Warnings(warnings.clone()));
    let memory = Arc::new(SqliteStore::in_memory().await.unwrap().with_clock(clock(20)));
    fill(&*memory, 2).await;
    let store = Arc::new(FaultyStore::new(memory.clone(), |_| None));
    store.cut(true);
    let retention = Retention { signals: Some(days(1)), ..often() };
    let retaining = retain(store.clone(), retention);
    for outage in 1..=2 {
        looked_again(&store).await;
        assert_eq!(warnings.load(Ordering::SeqCst), outage);
        store.cut(false);
        is(&*memory, (0, 0, 2)).await;
        // It looks once more and finds nothing: the outage is over.
        looked_again(&store).await;
        store.cut(true);
        fill(&*memory, 2).await;
    }
    retaining.abort();
}

/// As several workers do, over one file that is written to meanwhile; then the file is closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_may_remove_from_one_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock(10);
    let config = SqliteConfig::new(folder.path().join("sspp.db"));
    let store = Arc::new(SqliteStore::open(config, clock.clone()).await.unwrap());
    fill(&*store, 10).await;
    let retention = Retention {
        signals: Some(days(4)),
        dead_letters: Some(days(2)),
        batch: 97,
        pause: Duration::from_millis(1),
        every: Duration::from_millis(10),
    };
    let retaining: Vec<JoinHandle<()>> = (0..3).map(|_| retain(store.clone(), retention.clone())).collect();
    for number in 50_000..50_040 {
        let fresh = signal(number).account("acc_9").processed_at(at(10 * DAY)).record();
        store.record(vec![fresh]).await.unwrap();
    }
    is(&*store, (2_440, 4, 2)).await;
    clock.advance(TimeDelta::days(1));
    is(&*store, (1_840, 3, 1)).await;
    assert!(retaining.iter().all(|task| !task.is_finished()));
    store.close().await;
    for task in retaining {
        tokio::time::timeout(Duration::from_secs(30), task).await.unwrap().unwrap();
    }
}
