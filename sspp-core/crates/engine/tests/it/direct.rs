//! Direct intake over memory, with everything around it going wrong. Time is paused: a wait costs nothing.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use sspp_core::testing::FaultyStore;
use sspp_core::*;

/// A store with faults in front, and an intake into it.
struct Bench {
    memory: Arc<MemoryStore>,
    store: Arc<FaultyStore<MemoryStore>>,
    intake: Intake,
}

impl Bench {
    fn new(fault: impl FnMut(&[Record]) -> Option<StoreError> + Send + 'static) -> Self {
        Self::with(DirectConfig::default(), fault)
    }

    fn with(
        config: DirectConfig,
        fault: impl FnMut(&[Record]) -> Option<StoreError> + Send + 'static,
    ) -> Self {
        let memory = Arc::new(MemoryStore::new());
        Self::over(config, memory, fault)
    }

    fn over(
        config: DirectConfig,
        memory: Arc<MemoryStore>,
        fault: impl FnMut(&[Record]) -> Option<StoreError> + Send + 'static,
    ) -> Self {
        let store = Arc::new(FaultyStore::new(memory.clone(), fault));
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
        let (model, random) = (ScoringModel::embedded_default(), Arc::new(SeededRandom::new(1)));
        let intake = Intake::direct(store.clone(), store.clone(), model, clock, random, config);
        Self { memory, store, intake }
    }

    async fn accept(&self, events: Vec<Event>) -> Result<Vec<IntakeOutcome>, IntakeError> {
        let verdicts = self.intake.accept(events, None).await?;
        Ok(verdicts.into_iter().map(|verdict| verdict.outcome).collect())
    }

    async fn signals(&self) -> u64 {
        self.memory.stats().await.unwrap().signals
    }
}

fn event(n: u32) -> Event {
    let builder = Event::builder(format!("acc_{}", n % 7), "user", "call_made", "2025-12-31");
    builder.event_id(n.to_string()).build().unwrap()
}

fn away() -> StoreError {
    StoreError::Unavailable { reason: "a test".to_owned() }
}

fn is_of(record: &Record, n: u32) -> bool {
    let own = event(n);
    let own = EventId::of_external(own.external_id.as_ref().unwrap(), None, &own.account_id);
    match record {
        Record::Signal { signal, .. } => signal.accepted.event_id == own,
        Record::DeadLetter(letter) => letter.event_id == own,
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_the_commit_and_the_model_is_kept_when_it_is_missed() {
    let bench = Bench::new(|_| None);
    let verdicts = bench.intake.accept([event(1)], None).await.unwrap();
    let signal = bench.memory.signal_of_event(verdicts[0].event_id).await.unwrap().unwrap();
    assert_eq!(verdicts[0].outcome, IntakeOutcome::Recorded(Recorded::Signal(signal.id)));
    assert_eq!(bench.store.models_kept(), 1);
    assert_eq!(
        bench.accept(vec![event(1)]).await.unwrap(),
        [IntakeOutcome::Recorded(Recorded::Duplicate(signal.id))]
    );
    assert_eq!(bench.store.models_kept(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_events_are_answered_at_once() {
    let (bench, began) = (Bench::new(|_| None), tokio::time::Instant::now());
    assert_eq!(bench.accept(Vec::new()).await.unwrap(), []);
    assert!(replay_all(&bench.intake, Vec::new()).await.unwrap().is_empty());
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_replay_into_a_store_that_hangs_ends_with_the_patience() {
    let bench = Bench::new(|_| None);
    let now = Timestamp::parse("2026-01-01").unwrap();
    let envelope = Envelope::new(event(1), now.to_datetime(), &SeededRandom::new(2));
    let letter = NewDeadLetter {
        id: DeadLetterId::of_event(envelope.event_id),
        event_id: envelope.event_id,
        content: Some(ContentDigest::of(&envelope.event)),
        payload: envelope.encode(),
        reason: DeadLetterReason::AttemptsExhausted,
        detail: String::new(),
        attempts: 3,
        enqueued_at: now,
        died_at: now,
    };
    let id = letter.id;
    bench.memory.record(vec![Record::DeadLetter(letter)]).await.unwrap();
    bench.store.freeze();
    let replaying = replay(&bench.intake, &*bench.memory, id);
    let replayed = tokio::time::timeout(Duration::from_secs(4), replaying).await.expect("it ends");
    assert!(matches!(replayed, Err(ReplayError::Intake(IntakeError::Store(StoreError::Timeout { .. })))));
}

#[tokio::test(start_paused = true)]
async fn callers_that_come_together_share_a_commit() {
    let commits = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&commits);
    let bench = Bench::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        None
    });
    bench.accept(vec![event(0)]).await.unwrap();
    commits.store(0, Ordering::SeqCst);
    let answers = join_all((1..=64).map(|n| bench.accept(vec![event(n)]))).await;
    assert!(answers.iter().all(|answer| matches!(answer.as_deref(), Ok([IntakeOutcome::Recorded(_)]))));
    assert_eq!(bench.signals().await, 65);
    assert!(commits.load(Ordering::SeqCst) <= 2, "{commits:?}");
}

#[tokio::test(start_paused = true)]
async fn one_event_that_the_store_refuses_is_isolated_from_those_that_share_its_commit() {
    for class in [FailureClass::Data, FailureClass::Unclear] {
        let bench = Bench::new(move |records| {
            let reason = "a test".to_owned();
            let refuses =
                records.iter().any(|record| is_of(record, 7) && matches!(record, Record::Signal { .. }));
            refuses.then_some(match class {
                FailureClass::Data => StoreError::Data { reason },
                _ => StoreError::Other { reason },
            })
        });
        let answers = join_all((0..20).map(|n| bench.accept(vec![event(n), event(100 + n)]))).await;
        for (n, answer) in answers.into_iter().enumerate() {
            let answer = answer.unwrap();
            assert_eq!(answer[0].dead_letter().is_some(), n == 7, "{n}: {answer:?}");
            assert!(matches!(answer[1], IntakeOutcome::Recorded(Recorded::Signal(_))));
        }
        assert_eq!(bench.signals().await, 39);
        let letters = bench.memory.recent_dead_letters(10).await.unwrap();
        let reason = if class == FailureClass::Data {
            DeadLetterReason::Rejected
        } else {
            DeadLetterReason::AttemptsExhausted
        };
        assert_eq!(letters.iter().map(|letter| letter.reason).collect::<Vec<_>>(), [reason]);
    }
}

/// The schema refuses every row: no event is at fault, and none becomes a dead letter.
#[tokio::test(start_paused = true)]
async fn a_schema_at_fault_buries_nothing() {
    let bench = Bench::new(|_| Some(StoreError::Data { reason: "a test".to_owned() }));
    let error = bench.accept(vec![event(1), event(2)]).await.unwrap_err();
    assert!(matches!(error, IntakeError::Store(StoreError::Setup { .. })), "{error}");
    assert_eq!(bench.memory.recent_dead_letters(10).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_an_error_within_the_patience_and_leaves_nothing() {
    let bench = Bench::new(|_| Some(away()));
    let began = tokio::time::Instant::now();
    let answers = join_all((0..10).map(|n| bench.accept(vec![event(n)]))).await;
    assert!(began.elapsed() <= Duration::from_millis(3_100), "{:?}", began.elapsed());
    for answer in answers {
        let error = answer.unwrap_err();
        assert!(matches!(error, IntakeError::Store(StoreError::Unavailable { .. })), "{error}");
    }
    assert_eq!(bench.signals().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_waited_out() {
    let mut failures = 0;
    let bench = Bench::new(move |_| {
        failures += 1;
        if failures <= 3 { Some(away()) } else { None }
    });
    let answers = join_all((0..10).map(|n| bench.accept(vec![event(n)]))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(bench.signals().await, 10);
}

/// The commit landed and its answer did not: the batch is recorded again under the same ids.
#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_counts_once() {
    let memory = Arc::new(MemoryStore::new());
    let (behind, mut failures) = (Arc::clone(&memory), 0);
    let bench = Bench::over(DirectConfig::default(), memory, move |records| {
        failures += 1;
        if failures % 2 == 0 {
            return None;
        }
        let stored = behind.record(records.to_vec()).now_or_never().unwrap();
        stored.is_ok().then(away)
    });
    // Without ids of their own.
    let events = || (0..5).map(|_| Event::builder("acc", "user", "call_made", "2025-12-31").build().unwrap());
    let answers = join_all((0..10).map(|_| bench.accept(events().collect()))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(bench.signals().await, 50);
}

/// Half of a batch is recorded, and then the store goes away: what is recorded is said, the rest is to be sent again.
#[tokio::test(start_paused = true)]
async fn a_batch_of_which_a_part_was_recorded_in_time_says_which() {
    let bench = Bench::new(|records| match records.len() {
        6.. => Some(StoreError::Data { reason: "a test".to_owned() }),
        _ if is_of(&records[0], 0) => None,
        _ => Some(away()),
    });
    let answer = bench.accept((0..10).map(event).collect()).await.unwrap();
    let recorded = answer.iter().filter(|outcome| matches!(outcome, IntakeOutcome::Recorded(_))).count();
    assert_eq!((recorded, answer.len()), (5, 10), "{answer:?}");
    assert!(
        answer
            .iter()
            .all(|outcome| outcome.retry_after().is_some() || matches!(outcome, IntakeOutcome::Recorded(_)))
    );
    assert_eq!(bench.signals().await, 5);
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_are_refused_for_as_long_as_the_first_waited() {
    let config = DirectConfig { most_events: 100, batch: 10, ..DirectConfig::default() };
    let bench = Arc::new(Bench::with(config, |_| Some(away())));
    let mut waiting = Vec::new();
    for n in 0..110 {
        let bench = Arc::clone(&bench);
        waiting.push(tokio::spawn(async move { bench.accept(vec![event(n)]).await }));
        if n == 9 {
            // These are in a commit, and wait no more.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let refused = bench.accept(vec![event(1_000)]).await.unwrap();
    let wait = refused[0].retry_after().unwrap();
    assert!((Duration::from_secs(2)..Duration::from_secs(3)).contains(&wait), "{wait:?}");
    // Those who went away make room.
    let answers = join_all(waiting).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().is_err()));
    assert!(bench.accept(vec![event(1_001)]).await.is_err(), "it was let in, and met the outage");
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_caller_went_away_is_not_recorded_later() {
    let is_there = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&is_there);
    let bench = Bench::new(move |_| if *seen.lock().unwrap() { None } else { Some(away()) });
    assert!(bench.accept(vec![event(1)]).await.is_err());
    let call = bench.accept(vec![event(2)]);
    assert!(tokio::time::timeout(Duration::from_millis(10), call).await.is_err());
    *is_there.lock().unwrap() = true;
    bench.accept(vec![event(3)]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(bench.signals().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_closed_store_is_an_error_at_once() {
    let bench = Bench::new(|_| Some(StoreError::Closed));
    let began = tokio::time::Instant::now();
    let error = bench.accept(vec![event(1)]).await.unwrap_err();
    assert!(matches!(error, IntakeError::Store(StoreError::Closed)), "{error}");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

mod random {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever fails, in whatever order: an event that was acknowledged is a signal or a dead letter, once.
        #[test]
        fn what_is_acknowledged_is_there_once(
            faults in prop::collection::vec(0_u8..6, 0..40),
            callers in prop::collection::vec(prop::collection::vec(0_u32..60, 1..8), 1..30),
            batch in 1_usize..20,
            commits in 1_usize..4,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let memory = Arc::new(MemoryStore::new());
                let (behind, mut faults) = (Arc::clone(&memory), faults.into_iter());
                let config = DirectConfig { batch, commits, ..DirectConfig::default() };
                let bench = Bench::over(config, memory, move |records| match faults.next() {
                    Some(0) => Some(away()),
                    Some(1) => Some(StoreError::Data { reason: String::new() }),
                    Some(2) => Some(StoreError::Other { reason: String::new() }),
                    Some(3) => {
                        let stored = behind.record(records.to_vec()).now_or_never().unwrap();
                        stored.is_ok().then(away)
                    }
                    _ => None,
                });
                let asked = callers.iter().map(|numbers| {
                    bench.intake.accept(numbers.iter().copied().map(event), None)
                });
                let mut acknowledged = HashSet::new();
                for answer in join_all(asked).await {
                    for verdict in answer.into_iter().flatten() {
                        if matches!(verdict.outcome, IntakeOutcome::Recorded(_)) {
                            acknowledged.insert(verdict.event_id);
                        }
                    }
                }
                let stats = bench.memory.stats().await.unwrap();
                for id in acknowledged {
                    let signal = bench.memory.signal_of_event(id).await.unwrap().is_some();
                    let letter = bench.memory.dead_letter(DeadLetterId::of_event(id)).await.unwrap().is_some();
                    assert!(signal ^ letter, "{id}: signal {signal}, letter {letter}");
                }
                assert!(stats.signals <= 60);
            });
        }
    }
}
