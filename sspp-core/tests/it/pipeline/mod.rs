//! The pipeline over memory adapters, with everything around it going wrong.

mod proof;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use sspp_core::testing::{FaultyStore, MockEventQueue, eventually};
use sspp_core::*;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A queue, a store with faults in front, and a pipeline that can be started and stopped.
struct Bench {
    clock: Arc<ManualClock>,
    queue: Arc<dyn EventQueue>,
    memory: Arc<MemoryStore>,
    store: Arc<FaultyStore<MemoryStore>>,
    stop: CancellationToken,
}

fn event_id(n: u64) -> EventId {
    format!("00000000-0000-4000-8000-{n:012x}").parse().unwrap()
}

fn is(record: &Record, n: u64) -> bool {
    match record {
        Record::Signal { signal, .. } => signal.accepted.event_id == event_id(n),
        Record::DeadLetter(letter) => letter.event_id == event_id(n),
    }
}

fn job(n: u64, event_type: &str) -> NewJob {
    let event = Event::builder(format!("acc_{}", n % 7), "user", event_type, "2025-12-31").build().unwrap();
    Envelope { event_id: event_id(n), event }.job(None)
}

impl Bench {
    fn new(fault: impl FnMut(&[Record]) -> Option<StoreError> + Send + 'static) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
        let queue = Arc::new(MemoryEventQueue::new(clock.clone()));
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(memory.clone(), fault));
        Self { clock, queue, memory, store, stop: CancellationToken::new() }
    }

    fn start(&self) -> JoinHandle<()> {
        self.start_with(PipelineConfig { readers: 2, ..PipelineConfig::default() })
    }

    fn start_with(&self, config: PipelineConfig) -> JoinHandle<()> {
        let pipeline = Pipeline::new(
            self.queue.clone(),
            self.store.clone(),
            self.store.clone(),
            ScoringModel::embedded_default(),
            self.clock.clone(),
            Arc::new(SeededRandom::new(1)),
            config,
        );
        tokio::spawn(pipeline.run(self.stop.clone()))
    }

    async fn finish(self, running: JoinHandle<()>) {
        self.stop.cancel();
        running.await.unwrap();
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) {
        let count = jobs.len();
        assert_eq!(self.queue.enqueue(jobs).await.unwrap(), vec![Admission::Queued; count]);
    }

    async fn enqueue_events(&self, numbers: std::ops::Range<u64>) {
        self.enqueue(numbers.map(|n| job(n, "call_made")).collect()).await;
    }

    async fn signals(&self) -> u64 {
        self.memory.stats().await.unwrap().signals
    }

    async fn dead_letter(&self, n: u64) -> Option<DeadLetter> {
        self.memory.dead_letter(DeadLetterId::of_event(event_id(n))).await.unwrap()
    }

    async fn queue_is(&self, what: &str, wanted: QueueDepth) {
        eventually(what, async || self.queue.depth().await.unwrap() == wanted).await;
    }

    async fn queue_is_empty(&self) {
        self.queue_is("the queue is empty", QueueDepth::default()).await;
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { reason: "connection refused".to_owned() }
}

fn refused() -> StoreError {
    StoreError::Data { reason: "value out of range".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn every_event_becomes_one_signal_with_the_models_score() {
    let bench = Bench::new(|_| None);
    let running = bench.start();
    bench.enqueue_events(0..1_200).await;
    bench.enqueue_events(0..10).await; // a client's retry
    bench.queue_is_empty().await;
    assert_eq!(bench.signals().await, 1_200);
    let signal = bench.memory.signal_of_event(event_id(7)).await.unwrap().unwrap();
    let model = ScoringModel::embedded_default();
    assert_eq!(signal.recorded.score.to_string(), "0.50");
    assert_eq!(signal.recorded.signal_type, SignalType::OUTREACH);
    assert_eq!(signal.recorded.model, model.digest());
    let kept = bench.memory.model(model.digest()).await.unwrap().unwrap();
    assert_eq!(kept, model.to_record(), "an explanation finds its model in the store");
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn one_bad_event_in_five_hundred_is_the_only_dead_letter() {
    let bench = Bench::new(|batch| {
        let bad = batch.iter().any(|record| is(record, 321) && matches!(record, Record::Signal { .. }));
        bad.then(refused)
    });
    bench.enqueue_events(0..500).await;
    let running = bench.start();
    bench.queue_is_empty().await;
    assert_eq!(bench.signals().await, 499);
    let letter = bench.dead_letter(321).await.unwrap();
    assert_eq!((letter.reason, letter.attempts), (DeadLetterReason::Rejected, 0));
    assert!(letter.detail.contains("value out of range"), "{}", letter.detail);
    assert_eq!(bench.memory.stats().await.unwrap().dead_letters, 1);
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_spends_no_attempt_and_buries_nothing() {
    let bench = Bench::new(|_| None);
    bench.store.cut(true);
    bench.enqueue_events(0..50).await;
    let running = bench.start();
    tokio::time::advance(Duration::from_hours(1)).await;
    assert_eq!(bench.signals().await, 0);
    bench.store.cut(false);
    bench.queue_is_empty().await;
    assert_eq!((bench.signals().await, bench.memory.stats().await.unwrap().dead_letters), (50, 0));
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn an_unclear_failure_of_everyone_spends_no_attempt() {
    let left = Arc::new(AtomicU32::new(20));
    let failing = Arc::clone(&left);
    // The store answers pings, so batches are split down to single events; none may be blamed.
    let bench = Bench::new(move |_| {
        let slow = failing.load(Ordering::SeqCst) > 0;
        slow.then(|| {
            failing.fetch_sub(1, Ordering::SeqCst);
            StoreError::Other { reason: "slow".to_owned() }
        })
    });
    bench.enqueue_events(0..40).await;
    let running = bench.start();
    eventually("the store is quick again", async || left.load(Ordering::SeqCst) == 0).await;
    eventually("what stepped aside comes again and is recorded", async || {
        bench.clock.advance(TimeDelta::minutes(1));
        bench.queue.depth().await.unwrap().total() == 0
    })
    .await;
    assert_eq!((bench.signals().await, bench.memory.stats().await.unwrap().dead_letters), (40, 0));
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn statements_that_time_out_now_and_then_spend_no_attempt() {
    let (mut calls, failed) = (0, Arc::new(AtomicU32::new(0)));
    let failures = Arc::clone(&failed);
    // Most transactions fail, some in between commit: an almost full disk, a store under a heavy load.
    let bench = Bench::new(move |_| {
        calls += 1;
        let fails = calls % 7 != 0 && failures.load(Ordering::SeqCst) < 100;
        fails.then(|| {
            failures.fetch_add(1, Ordering::SeqCst);
            if calls % 2 == 0 { StoreError::Timeout { after_ms: 5_000 } } else { away() }
        })
    });
    let running = bench.start();
    let mut next = 0;
    while failed.load(Ordering::SeqCst) < 100 {
        bench.enqueue_events(next..next + 10).await;
        next += 10;
        bench.queue_is_empty().await;
    }
    assert_eq!((bench.signals().await, bench.memory.stats().await.unwrap().dead_letters), (next, 0));
    bench.finish(running).await;
}

/// A store that refuses event 3 for a reason that is not its content.
#[tokio::test(start_paused = true)]
async fn what_is_not_yet_understood_is_looked_at_often_before_it_is_buried() {
    let bench = Bench::new(|_| None);
    let mut newer = job(1, "call_made");
    newer.payload = br#"{"v":2,"kind":"event"}"#.as_slice().into();
    bench.enqueue(vec![newer, job(2, "webinar_attended"), job(3, "call_made")]).await;
    let defaults = PipelineConfig::default();
    assert_eq!(defaults.unknown_for, Duration::from_hours(24));
    let running = bench.start_with(PipelineConfig { unknown_for: defaults.look_again * 5, ..defaults });
    for look in 1..=5 {
        bench
            .queue_is(
                &format!("both wait after look {look}"),
                QueueDepth { delayed: 2, ..QueueDepth::default() },
            )
            .await;
        // Looks count; a clock that jumps does not.
        bench.clock.advance(TimeDelta::days(400));
    }
    bench.queue_is_empty().await;
    assert_eq!(bench.signals().await, 1);
    let letter = bench.dead_letter(2).await.unwrap();
    assert_eq!((letter.reason, letter.attempts), (DeadLetterReason::UnknownEventType, 0));
    assert!(letter.detail.contains("webinar_attended"));
    assert_eq!(bench.dead_letter(1).await.unwrap().reason, DeadLetterReason::UnknownVersion);
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_decoded_is_kept_byte_for_byte() {
    let bench = Bench::new(|_| None);
    let mut garbage = job(1, "call_made");
    garbage.payload = b"\xff\x00 not an envelope".as_slice().into();
    let mut swapped = job(2, "call_made");
    swapped.payload = job(3, "call_made").payload;
    bench.enqueue(vec![garbage.clone(), swapped]).await;
    let running = bench.start();
    bench.queue_is_empty().await;
    let letter = bench.dead_letter(1).await.unwrap();
    assert_eq!((letter.reason, letter.payload), (DeadLetterReason::Undecodable, garbage.payload));
    assert_eq!(bench.dead_letter(2).await.unwrap().reason, DeadLetterReason::Undecodable);
    assert_eq!(bench.signals().await, 0);
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn another_event_under_a_taken_id_becomes_a_conflict() {
    let bench = Bench::new(|_| None);
    bench.enqueue(vec![job(1, "call_made")]).await;
    let running = bench.start();
    bench.queue_is_empty().await;
    bench.enqueue(vec![job(1, "email_sent")]).await;
    bench.queue_is_empty().await;
    assert_eq!(bench.signals().await, 1);
    let letters = bench.memory.recent_dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].reason, letters[0].event_id), (DeadLetterReason::EventIdConflict, event_id(1)));
    assert_ne!(letters[0].id, DeadLetterId::of_event(event_id(1)));
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_kills_three_processes_is_quarantined_and_its_mates_are_not() {
    let bench = Bench::new(|_| None);
    bench.enqueue_events(0..5).await;
    let bound = TimeDelta::minutes(10);
    // Four holders take everything and die; from the second on the suspects run alone, and event 2 is the killer.
    assert_eq!(bench.queue.receive(10, Duration::ZERO).await.unwrap().len(), 5);
    for run in 1..=3 {
        bench.clock.advance(bound);
        tokio::time::advance(Duration::from_mins(10)).await;
        let suspects = bench.queue.reclaim(10).await.unwrap();
        assert!(suspects.len() == 5 && suspects.iter().all(|suspect| suspect.suspect));
        let killer = suspects.iter().find(|suspect| suspect.event_id == event_id(2)).unwrap();
        assert_eq!(bench.queue.begin_run(&killer.receipt).await.unwrap(), run);
    }
    bench.clock.advance(bound);
    tokio::time::advance(Duration::from_mins(10)).await;
    let running = bench.start();
    bench.queue_is_empty().await;
    assert_eq!(bench.dead_letter(2).await.unwrap().reason, DeadLetterReason::CrashLoop);
    assert_eq!((bench.signals().await, bench.memory.stats().await.unwrap().dead_letters), (4, 1));
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn processes_that_die_soon_after_their_start_make_no_dead_letters() {
    let bench = Bench::new(|_| None);
    bench.enqueue_events(0..5).await;
    assert_eq!(bench.queue.receive(10, Duration::ZERO).await.unwrap().len(), 5);
    bench.clock.advance(TimeDelta::minutes(10));
    for _ in 0..10 {
        let running = bench.start();
        tokio::time::sleep(Duration::from_millis(900)).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }
    let suspect = bench.queue.reclaim(1).await.unwrap().remove(0);
    assert_eq!(bench.queue.begin_run(&suspect.receipt).await.unwrap(), 1, "no run was counted");
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_an_outage_gives_everything_back_unsuspected() {
    let seen = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&seen);
    let bench = Bench::new(move |_| {
        *counter.lock().unwrap() += 1;
        Some(away())
    });
    bench.enqueue_events(0..20).await;
    let running = bench.start();
    eventually("the outage was met", async || *seen.lock().unwrap() > 0).await;
    bench.stop.cancel();
    running.await.unwrap();
    assert_eq!(bench.queue.depth().await.unwrap(), QueueDepth { waiting: 20, ..QueueDepth::default() });
    let again = bench.queue.receive(50, Duration::ZERO).await.unwrap();
    assert!(again.len() == 20 && again.iter().all(|delivery| delivery.attempts == 0 && !delivery.suspect));
}

/// The store is away for half a minute, and meanwhile no other worker may take over what is in progress.
#[tokio::test(start_paused = true)]
async fn what_is_in_hand_is_kept_every_third_of_the_queues_own_bound() {
    let bench = Bench::new(|_| Some(away()));
    let job = job(1, "call_made");
    let mut in_hand = Some(Delivery {
        receipt: Receipt::new("1"),
        event_id: job.event_id,
        payload: job.payload,
        attempts: 0,
        postponed: 0,
        suspect: false,
        enqueued_at: Timestamp::from_datetime(bench.clock.now()),
    });
    let kept = Arc::new(AtomicU32::new(0));
    let mut queue = MockEventQueue::new();
    queue.expect_claim_bound().return_const(Duration::from_secs(3));
    queue.expect_receive().returning(move |_, _| Ok(in_hand.take().into_iter().collect()));
    queue.expect_reclaim().returning(|_| Ok(Vec::new()));
    queue.expect_settle().returning(|_| Ok(()));
    let keeps = Arc::clone(&kept);
    queue.expect_keep().returning(move |receipts| {
        assert_eq!(receipts, [Receipt::new("1")]);
        keeps.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let bench = Bench { queue: Arc::new(queue), ..bench };
    let running = bench.start_with(PipelineConfig::default());
    tokio::time::sleep(Duration::from_millis(30_500)).await;
    assert_eq!(kept.load(Ordering::SeqCst), 30);
    bench.finish(running).await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_whose_queue_is_closed_ends() {
    let mut queue = MockEventQueue::new();
    queue.expect_claim_bound().return_const(Duration::from_secs(3));
    queue.expect_receive().returning(|_, _| Err(QueueError::Closed));
    queue.expect_reclaim().returning(|_| Err(QueueError::Closed));
    let bench = Bench { queue: Arc::new(queue), ..Bench::new(|_| None) };
    // No one stopped it.
    bench.start_with(PipelineConfig::default()).await.unwrap();
}
