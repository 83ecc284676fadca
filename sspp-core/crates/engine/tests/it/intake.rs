//! Intake: verdicts follow the queue's answers, one an event, in the events' order.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use sspp_core::testing::MockEventQueue;
use sspp_core::{
    Admission, Envelope, Event, Intake, IntakeError, QueueError, SystemClock, SystemRandom, TraceContext,
};

fn events(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21");
        // Some events have an id of their own, and some do not.
        let event = if number.is_multiple_of(2) { event.event_id(format!("own-{number}")) } else { event };
        event.build().unwrap()
    };
    (0..count).map(event).collect()
}

fn intake(queue: MockEventQueue) -> Intake {
    Intake::queued(Arc::new(queue), Arc::new(SystemClock), Arc::new(SystemRandom::new()))
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

proptest! {
    #[test]
    fn every_event_gets_the_verdict_of_its_own_job(refused in prop::collection::vec(prop::option::of(1_u64..100), 0..20)) {
        let admissions: Vec<Admission> = refused
            .iter()
            .map(|wait| wait.map_or(Admission::Queued, |wait| Admission::Refused { retry_after: Duration::from_secs(wait) }))
            .collect();
        let ids = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (seen, mut queue) = (Arc::clone(&ids), MockEventQueue::new());
        queue.expect_enqueue().times(usize::from(!refused.is_empty())).returning(move |jobs| {
            seen.lock().unwrap().extend(jobs.iter().map(|job| {
                let envelope = Envelope::decode(&job.payload).unwrap();
                assert_eq!((envelope.event_id, &envelope.event.account_id), (job.event_id, &job.account_id));
                assert_eq!(job.enqueued_at, None);
                job.event_id
            }));
            Ok(admissions.clone())
        });
        let verdicts = run(intake(queue).accept(events(refused.len()), None)).unwrap();
        let ids = ids.lock().unwrap();
        prop_assert_eq!(verdicts.iter().map(|verdict| verdict.event_id).collect::<Vec<_>>(), ids.clone());
        let waits: Vec<_> = verdicts.iter().map(|verdict| verdict.outcome.retry_after().map(|wait| wait.as_secs())).collect();
        prop_assert_eq!(waits, refused);
    }
}

#[test]
fn a_queue_that_says_too_little_has_accepted_nothing() {
    let mut queue = MockEventQueue::new();
    queue.expect_enqueue().returning(|_| Ok(vec![Admission::Queued]));
    let error = run(intake(queue).accept(events(2), None)).unwrap_err();
    assert!(matches!(error, IntakeError::Queue(QueueError::Unavailable { .. })), "{error}");
    assert!(error.to_string().contains("about 1 of 2 jobs"), "{error}");
}

#[test]
fn the_trace_of_the_request_travels_with_each_event() {
    let trace = TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None).unwrap();
    let (expected, mut queue) = (Some(trace.clone()), MockEventQueue::new());
    queue.expect_enqueue().returning(move |jobs| {
        for job in &jobs {
            assert_eq!(Envelope::decode_traced(&job.payload).unwrap().1, expected);
        }
        Ok(vec![Admission::Queued; jobs.len()])
    });
    assert_eq!(run(intake(queue).accept(events(3), Some(&trace))).unwrap().len(), 3);
}
