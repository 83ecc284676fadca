//! How many events a second become durable in a SQLite file: in commits of so many events, and one by one from many callers.

use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sspp_core::{
    ContentDigest, DirectConfig, Envelope, Event, Intake, Models as _, NewSignal, Record, ScoringModel,
    Signals as _, SqliteConfig, SqliteStore, SystemClock, SystemRandom, Timestamp,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const TYPES: [&str; 4] = ["email_sent", "email_opened", "call_made", "meeting_booked"];
/// Callers of direct intake, each with one event at a time.
const CALLERS: u32 = 64;

/// The numbered event, of one of 5,000 accounts and 20,000 users, with about 200 bytes of metadata.
fn event(number: u32) -> Event {
    let pick = |many: u32| (number.wrapping_mul(2_654_435_761) >> 7) % many;
    let metadata = format!(
        r#"{{"responseTimeHours":{},"campaign":"renewal","subject":"{}","link":"https://example.com/{number}"}}"#,
        pick(48),
        "a few questions ".repeat(6)
    );
    let event_type = TYPES[number as usize % TYPES.len()];
    let timestamp = format!("2024-12-21T{:02}:{:02}:00Z", pick(24), pick(60));
    let event = Event::builder(
        format!("acc_{}", pick(5_000)),
        format!("user_{}", pick(20_000)),
        event_type,
        timestamp.as_str(),
    );
    event.metadata(metadata.as_str()).build().unwrap_or_else(|fault| unreachable!("{fault:?}"))
}

fn record(number: u32, model: &ScoringModel, random: &SystemRandom) -> Record {
    let now = Timestamp::MAX;
    let envelope = Envelope::new(event(number), now.to_datetime(), random);
    let payload = envelope.encode();
    let accepted = envelope.received(now);
    let scored = model.score(&accepted.event).unwrap_or_else(|unknown| unreachable!("{unknown}"));
    let signal = NewSignal {
        content: ContentDigest::of(&accepted.event),
        signal_type: scored.signal_type.clone(),
        score: scored.score,
        model: model.digest(),
        processed_at: now,
        accepted: accepted.into(),
    };
    Record::Signal { signal, payload }
}

async fn open(path: std::path::PathBuf, model: &ScoringModel) -> SqliteStore {
    let store = SqliteStore::open(SqliteConfig::new(path), Arc::new(SystemClock)).await;
    let store = store.unwrap_or_else(|error| unreachable!("{error}"));
    assert!(store.put_model(&model.to_record()).await.is_ok());
    store
}

/// Every caller's one event, taken and answered.
async fn accept_all(intake: &Intake, first: u32) {
    let mut callers = JoinSet::new();
    for number in first..first + CALLERS {
        let intake = intake.clone();
        callers.spawn(async move { intake.accept([event(number)], None).await.is_ok() });
    }
    assert!(callers.join_all().await.into_iter().all(|taken| taken));
}

fn recording(criterion: &mut Criterion) {
    let Ok(runtime) = Builder::new_multi_thread().worker_threads(2).enable_all().build() else { return };
    let Ok(folder) = tempfile::tempdir() else { return };
    run(criterion, &runtime, folder.path().join("sspp.db"));
}

fn run(criterion: &mut Criterion, runtime: &Runtime, path: std::path::PathBuf) {
    let (model, random) = (ScoringModel::embedded_default(), Arc::new(SystemRandom::new()));
    let store = runtime.block_on(open(path, &model));
    let mut next = 0;
    let mut numbers = |many: u32| {
        next += many;
        next - many..next
    };
    let mut group = criterion.benchmark_group("recording");
    for events in [1, 32, 64, 1_000] {
        group.throughput(Throughput::Elements(events.into()));
        group.bench_function(BenchmarkId::new("receive", events), |bencher| {
            bencher.iter_batched(
                || numbers(events).map(|number| record(number, &model, &random)).collect::<Vec<_>>(),
                |batch| assert!(runtime.block_on(store.receive(batch)).is_ok()),
                BatchSize::LargeInput,
            );
        });
    }
    let signals = Arc::new(store.clone());
    let (clock, config) = (Arc::new(SystemClock), DirectConfig::default());
    let intake = {
        let _entered = runtime.enter();
        Intake::direct(signals.clone(), signals, Arc::clone(&model), clock, random, config)
    };
    group.throughput(Throughput::Elements(CALLERS.into()));
    group.bench_function(BenchmarkId::new("direct", CALLERS), |bencher| {
        bencher.iter(|| runtime.block_on(accept_all(&intake, numbers(CALLERS).start)));
    });
    group.finish();
    runtime.block_on(store.close());
}

criterion_group!(benches, recording);
criterion_main!(benches);
