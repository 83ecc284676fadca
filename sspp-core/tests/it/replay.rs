//! Replay of dead letters: into a queue, with a pipeline that takes what was put back, and straight into a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sspp_core::testing::builders::{at, event_id};
use sspp_core::testing::servers::{Kind, server};
use sspp_core::testing::{FaultyStore, MockEventQueue, eventually, store_in_memory};
use sspp_core::*;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn payload(number: u64, event: EventId) -> (Bytes, ContentDigest) {
    let event_of =
        Event::builder(format!("acc_{number}"), "user", "call_made", "2025-12-31").build().unwrap();
    let content = ContentDigest::of(&event_of);
    (Envelope { event_id: event, event: event_of }.encode(), content)
}

/// A letter whose payload is a good event.
fn letter(number: u64) -> NewDeadLetter {
    let (payload, content) = payload(number, event_id(number));
    NewDeadLetter {
        id: DeadLetterId::of_event(event_id(number)),
        event_id: event_id(number),
        content: Some(content),
        payload,
        reason: DeadLetterReason::AttemptsExhausted,
        detail: "3 attempts failed".to_owned(),
        attempts: 3,
        enqueued_at: at(0),
        died_at: at(60),
    }
}

async fn keep(store: &dyn Store, letter: &NewDeadLetter) {
    let recorded = store.import(vec![Record::DeadLetter(letter.clone())]).await.unwrap();
    assert_eq!(recorded, [Recorded::DeadLetter(letter.id)]);
}

struct Running {
    stop: CancellationToken,
    pipeline: JoinHandle<()>,
}

fn start(queue: &Arc<dyn EventQueue>, store: &Arc<dyn Store>) -> Running {
    let clock = Arc::new(SystemClock);
    let (model, random) = (ScoringModel::embedded_default(), Arc::new(SeededRandom::new(1)));
    let config = PipelineConfig::default();
    let pipeline = Pipeline::new(queue.clone(), store.clone(), store.clone(), model, clock, random, config);
    let stop = CancellationToken::new();
    Running { stop: stop.clone(), pipeline: tokio::spawn(pipeline.run(stop)) }
}

impl Running {
    async fn finish(self) {
        self.stop.cancel();
        self.pipeline.await.unwrap();
    }
}

fn queued(queue: &Arc<dyn EventQueue>) -> Intake {
    Intake::queued(queue.clone(), Arc::new(SystemClock), Arc::new(SeededRandom::new(2)))
}

fn direct(store: &Arc<dyn Store>, config: DirectConfig) -> Intake {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SeededRandom::new(2)));
    Intake::direct(store.clone(), store.clone(), ScoringModel::embedded_default(), clock, random, config)
}

/// The queue has handed over everything, and it is settled.
async fn is_empty(queue: &dyn EventQueue) {
    eventually("the queue is empty", async || {
        queue.depth().await.is_ok_and(|depth| depth == QueueDepth::default())
    })
    .await;
}

/// Ten clicks at once, and more while the pipeline runs: one signal, and the letter is gone when it is there.
async fn many_replays_make_one_signal(queue: Arc<dyn EventQueue>, store: Arc<dyn Store>) {
    let (first, second) = (letter(1), letter(2));
    keep(&*store, &first).await;
    keep(&*store, &second).await;
    let intake = queued(&queue);
    let clicks: Vec<_> = (0..10)
        .map(|_| {
            let (intake, store) = (intake.clone(), store.clone());
            tokio::spawn(async move { replay(&intake, &*store, letter(1).id).await.unwrap() })
        })
        .collect();
    for click in clicks {
        assert_eq!(click.await.unwrap(), Replayed::Queued(event_id(1)));
    }
    assert_eq!(store.dead_letter(first.id).await.unwrap(), Some(first.clone()), "it stays for now");
    let job = queue.job(event_id(1)).await.unwrap().unwrap();
    assert_eq!((job.payload, job.attempts, job.enqueued_at), (first.payload, 0, first.enqueued_at));

    let running = start(&queue, &store);
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(replay(&intake, &*store, first.id).await.unwrap());
    }
    is_empty(&*queue).await;
    let signal = store.signal_of_event(event_id(1)).await.unwrap().unwrap();
    answers.push(replay(&intake, &*store, first.id).await.unwrap());
    assert_eq!(answers.pop(), Some(Replayed::AlreadySignal(signal.id)));
    let known = [Replayed::Queued(event_id(1)), Replayed::AlreadySignal(signal.id)];
    assert!(answers.iter().all(|answer| known.contains(answer)), "{answers:?}");

    assert_eq!(store.dead_letter(first.id).await.unwrap(), None);
    assert_eq!(store.recent_dead_letters(10).await.unwrap(), [second]);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.accounts, stats.users, stats.dead_letters), (1, 1, 1, 1));
    assert_eq!(Some(stats.score_units), Some(signal.recorded.score.units().get()));
    running.finish().await;
}

fn memory() -> (Arc<dyn EventQueue>, Arc<dyn Store>) {
    (Arc::new(MemoryEventQueue::new(Arc::new(SystemClock))), Arc::new(store_in_memory()))
}

#[tokio::test]
async fn many_replays_make_one_signal_in_memory() {
    let (queue, store) = memory();
    many_replays_make_one_signal(queue, store).await;
}

/// Ten clicks at once, straight into the store: one signal with the letter's stamp, and the letter is gone.
async fn many_direct_replays_make_one_signal(store: Arc<dyn Store>) {
    let (first, second) = (letter(1), letter(2));
    keep(&*store, &first).await;
    keep(&*store, &second).await;
    let intake = direct(&store, DirectConfig::default());
    let clicks: Vec<_> = (0..10)
        .map(|_| {
            let (intake, store) = (intake.clone(), store.clone());
            tokio::spawn(async move { replay(&intake, &*store, letter(1).id).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for click in clicks {
        answers.push(click.await.unwrap());
    }
    let signal = store.signal_of_event(event_id(1)).await.unwrap().unwrap();
    assert_eq!(signal.recorded.accepted.received_at, first.enqueued_at);
    assert_eq!(answers.iter().filter(|answer| **answer == Replayed::Signal(signal.id)).count(), 1);
    let known = [Replayed::Signal(signal.id), Replayed::AlreadySignal(signal.id)];
    assert!(answers.iter().all(|answer| known.contains(answer)), "{answers:?}");
    assert_eq!(store.recent_dead_letters(10).await.unwrap(), std::slice::from_ref(&second));

    // Of many letters, each has its own outcome.
    let letters = vec![second.as_conflict(), second];
    let outcomes = replay_all(&intake, letters).await.unwrap();
    assert!(matches!(outcomes[0], Err(ReplayError::EventIdConflict { .. })), "{outcomes:?}");
    assert!(matches!(outcomes[1], Ok(Replayed::Signal(_))), "{outcomes:?}");
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.accounts, stats.dead_letters), (2, 2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_replays_make_one_signal_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sspp.db"));
    let store = SqliteStore::open(config, Arc::new(SystemClock)).await.unwrap();
    many_direct_replays_make_one_signal(Arc::new(store.clone())).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_replays_make_one_signal_on_postgres_alone() {
    let Some(postgres) = server(Kind::Postgres17).await else { return };
    let store = PgStore::open(PgConfig::new(&postgres.url)).await.unwrap();
    store.migrate().await.unwrap();
    many_direct_replays_make_one_signal(store.port()).await;
    store.close().await;
}

/// An event that was erased after its letter was made does not come back by a replay.
#[tokio::test]
async fn a_direct_replay_of_an_erased_event_keeps_nothing() {
    let store: Arc<dyn Store> = Arc::new(store_in_memory());
    let intake = direct(&store, DirectConfig::default());
    keep(&*store, &letter(1)).await;
    let fetched = store.recent_dead_letters(1).await.unwrap();
    let whom = Erasable::User(UserId::new("user").unwrap());
    let up_to = intake.line(&*store).await.unwrap();
    store.begin_erasure(&Erasure { whom, up_to }).await.unwrap();
    assert!(store.erase_step(10).await.unwrap().is_some());
    let outcomes = replay_all(&intake, fetched).await.unwrap();
    assert!(matches!(outcomes[..], [Ok(Replayed::Erased)]), "{outcomes:?}");
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_replays_make_one_signal_on_redis_and_postgres() {
    let Some(postgres) = server(Kind::Postgres17).await else { return };
    let Some(redis) = server(Kind::Redis7).await else { return };
    let store = PgStore::open(PgConfig::new(&postgres.url)).await.unwrap();
    store.migrate().await.unwrap();
    let queue = RedisEventQueue::open(RedisConfig::new(&redis.url)).await.unwrap();
    eventually("connected", async || queue.port().ping().await.is_ok()).await;
    many_replays_make_one_signal(queue.port(), store.port()).await;
    queue.close().await;
    store.close().await;
}

#[tokio::test]
async fn an_event_that_is_rejected_again_keeps_its_one_letter() {
    let (queue, memory) = memory();
    let refusals = Arc::new(AtomicU32::new(0));
    let refused = refusals.clone();
    let store: Arc<dyn Store> = Arc::new(FaultyStore::new(memory.clone(), move |batch| {
        let of_first = |signal: &NewSignal| signal.accepted.event_id == event_id(1);
        let bad =
            batch.iter().any(|record| matches!(record, Record::Signal { signal, .. } if of_first(signal)));
        bad.then(|| {
            refused.fetch_add(1, Ordering::SeqCst);
            StoreError::Data { reason: "value out of range".to_owned() }
        })
    }));
    let first = NewDeadLetter { reason: DeadLetterReason::Rejected, ..letter(1) };
    keep(&*memory, &first).await;
    let running = start(&queue, &store);
    let intake = queued(&queue);
    for click in 1..=3 {
        replay(&intake, &*store, first.id).await.unwrap();
        is_empty(&*queue).await;
        assert!(refusals.load(Ordering::SeqCst) >= click, "the pipeline had it");
        assert_eq!(memory.recent_dead_letters(10).await.unwrap(), std::slice::from_ref(&first));
    }
    let stats = memory.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (0, 1));
    running.finish().await;
}

/// What cannot lead to a signal is refused with the reason, and nothing changes.
#[tokio::test]
async fn hopeless_replays_are_refused() {
    let (queue, store) = memory();
    let intake = queued(&queue);
    let of = |number: u64, payload: Bytes| NewDeadLetter { payload, content: None, ..letter(number) };
    let conflict = letter(1).as_conflict();
    let garbage = of(2, Bytes::from_static(b"\xff\x00 not an envelope"));
    let newer = of(3, Bytes::from_static(br#"{"v":2,"kind":"event"}"#));
    let swapped = of(4, payload(4, event_id(5)).0);
    for letter in [&conflict, &garbage, &newer, &swapped] {
        keep(&*store, letter).await;
    }
    let before = store.recent_dead_letters(10).await.unwrap();
    let refused = async |id| replay(&intake, &*store, id).await.unwrap_err();
    let said = |error: &ReplayError, words: &str| assert!(error.to_string().contains(words), "{error}");

    let error = refused(conflict.id).await;
    assert!(matches!(error, ReplayError::EventIdConflict { event_id: of, .. } if of == event_id(1)));
    said(&error, "under another id");
    let error = refused(garbage.id).await;
    assert!(matches!(error, ReplayError::Undecodable { fault: EnvelopeFault::Malformed { .. }, .. }));
    said(&error, "the payload is not an envelope");
    let error = refused(newer.id).await;
    let unknown = EnvelopeFault::UnknownVersion { version: 2 };
    assert!(matches!(&error, ReplayError::Undecodable { fault, .. } if *fault == unknown));
    said(&error, "version 2 is unknown to this release");
    let error = refused(swapped.id).await;
    assert!(matches!(error, ReplayError::OtherEvent { holds, .. } if holds == event_id(5)));
    let error = refused(DeadLetterId::of_event(event_id(99))).await;
    assert!(matches!(error, ReplayError::NotFound { id } if id.as_uuid() == event_id(99).as_uuid()));

    assert_eq!(store.recent_dead_letters(10).await.unwrap(), before);
    assert_eq!(queue.depth().await.unwrap(), QueueDepth::default());
}

/// The letter of an id that another event took is refused even when that event is a signal.
#[tokio::test]
async fn a_conflicting_letter_is_no_signal_because_its_rival_is() {
    let (queue, store) = memory();
    let signal = testing::builders::signal(1);
    store.put_model(&testing::builders::model(0)).await.unwrap();
    store.record(vec![signal.clone().record(), signal.user("user_2").record()]).await.unwrap();
    let conflict = store.recent_dead_letters(1).await.unwrap().remove(0);
    let error = replay(&queued(&queue), &*store, conflict.id).await.unwrap_err();
    assert!(matches!(error, ReplayError::EventIdConflict { .. }), "{error}");
}

#[tokio::test]
async fn a_queue_or_store_that_fails_leaves_the_letter() {
    let memory: Arc<dyn Store> = Arc::new(store_in_memory());
    let store = FaultyStore::new(memory.clone(), |_| None);
    keep(&store, &letter(1)).await;
    keep(&store, &letter(2)).await;

    let into = |queue: Arc<dyn EventQueue>| queued(&queue);
    let full = into(Arc::new(MemoryEventQueue::new(Arc::new(SystemClock)).with_max_backlog(1)));
    assert_eq!(replay(&full, &store, letter(1).id).await.unwrap(), Replayed::Queued(event_id(1)));
    let error = replay(&full, &store, letter(2).id).await.unwrap_err();
    let is = |error: &ReplayError, of: fn(&QueueError) -> bool| {
        assert!(matches!(error, ReplayError::Intake(IntakeError::Queue(error)) if of(error)), "{error}");
    };
    is(&error, |error| matches!(error, QueueError::Full { limit: 1, .. }));

    let retry_after = Duration::from_secs(7);
    let mut partly = MockEventQueue::new();
    partly.expect_enqueue().returning(move |_| Ok(vec![Admission::Refused { retry_after }]));
    let error = replay(&into(Arc::new(partly)), &store, letter(2).id).await.unwrap_err();
    assert!(matches!(error, ReplayError::Refused { retry_after: after } if after == retry_after));
    assert!(error.to_string().contains("in 7 seconds"), "{error}");

    // One that says nothing of a job may not have it.
    let mut silent = MockEventQueue::new();
    silent.expect_enqueue().returning(|_| Ok(Vec::new()));
    let silent = into(Arc::new(silent));
    let error = replay(&silent, &store, letter(2).id).await.unwrap_err();
    is(&error, |error| matches!(error, QueueError::Unavailable { .. }));
    let letters = memory.recent_dead_letters(10).await.unwrap();
    let error = replay_all(&silent, letters).await.unwrap_err();
    assert!(matches!(error, IntakeError::Queue(QueueError::Unavailable { .. })), "{error}");

    let mut away = MockEventQueue::new();
    away.expect_enqueue().returning(|_| Err(QueueError::Unavailable { reason: "refused".to_owned() }));
    let error = replay(&into(Arc::new(away)), &store, letter(2).id).await.unwrap_err();
    is(&error, |error| matches!(error, QueueError::Unavailable { .. }));

    store.cut(true);
    let error = replay(&full, &store, letter(1).id).await.unwrap_err();
    assert!(matches!(error, ReplayError::Store(StoreError::Unavailable { .. })), "{error}");
    assert_eq!(memory.recent_dead_letters(10).await.unwrap(), [letter(2), letter(1)]);

    // Straight into a store that refuses for now.
    let down: Arc<dyn Store> = Arc::new(FaultyStore::new(memory.clone(), |_| {
        Some(StoreError::Unavailable { reason: "down".to_owned() })
    }));
    let hasty = DirectConfig { patience: Duration::from_millis(100), ..DirectConfig::default() };
    let error = replay(&direct(&down, hasty), &*down, letter(2).id).await.unwrap_err();
    let away = |error: &ReplayError| {
        matches!(error, ReplayError::Intake(IntakeError::Store(StoreError::Unavailable { .. })))
    };
    assert!(away(&error), "{error}");
    assert_eq!(memory.recent_dead_letters(10).await.unwrap(), [letter(2), letter(1)]);
}
