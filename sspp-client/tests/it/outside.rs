//! An emitter that a program writes itself, with what the crate shows and nothing else: every member of an event is read, every
//! answer is made.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use sspp_client::{
    BuildError, Bytes, Clock as _, CloseReport, DropReason, DroppedEvent, Error, Event, EventId, Outcome,
    Problem, RejectedEvent, SalesEvent, SignalEmitter, Stats, SystemClock, SystemRandom, Timestamp,
    TransportError, Verdict, Violation, Violations, async_trait,
};

use crate::run;

/// Writes lines, as one that puts events on a bus would; rejects the events that it is set up to reject.
#[derive(Debug, Default)]
struct Lines {
    state: Mutex<(Vec<Value>, Stats)>,
    closed: std::sync::atomic::AtomicBool,
}

impl Lines {
    fn take(&self, event: SalesEvent) -> Result<(EventId, Event), Error> {
        if self.closed.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        let said = serde_json::json!({
            "type": event.get_event_type(), "account": event.get_account(), "user": event.get_user(),
            "at": event.get_at().and_then(Result::ok), "source": event.get_source(), "id": event.get_id(),
            "link": event.get("link"), "metadata": event.get_metadata().ok(),
        });
        let now = SystemClock.now();
        let mut state = self.state.lock().unwrap();
        state.1.emitted += 1;
        let event = event.into_event(Timestamp::from_datetime(now)).inspect_err(|_| state.1.rejected += 1)?;
        state.0.push(said);
        state.1.accepted += 1;
        let id = match &event.external_id {
            Some(own) => EventId::of_external(own, event.source.as_ref(), &event.account_id),
            None => EventId::generate(now, &SystemRandom::new()),
        };
        Ok((id, event))
    }
}

#[async_trait]
impl SignalEmitter for Lines {
    fn emit(&self, event: SalesEvent) -> Result<EventId, Error> {
        Ok(self.take(event)?.0)
    }

    async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error> {
        let now = SystemClock.now();
        let outcome = |event: SalesEvent| {
            let again = event.clone();
            match self.take(event) {
                Ok((id, _)) => Outcome::new(id, Verdict::Accepted),
                Err(Error::Invalid(wrong)) => Outcome::new(
                    EventId::generate(now, &SystemRandom::new()),
                    Verdict::Rejected { errors: wrong.into_vec() },
                ),
                Err(error) => {
                    let id = EventId::generate(now, &SystemRandom::new());
                    Outcome::new(id, Verdict::NotSent { error: Arc::new(error), event: again.into() })
                }
            }
        };
        Ok(events.into_iter().map(outcome).collect())
    }

    async fn flush(&self, timeout: Duration) -> Result<(), Error> {
        if timeout.is_zero() { Err(Error::Unsettled { unsettled: 1, timeout }) } else { Ok(()) }
    }

    async fn close(&self, _: Duration) -> CloseReport {
        self.closed.store(true, std::sync::atomic::Ordering::Relaxed);
        CloseReport::new(Vec::new(), self.stats())
    }

    fn stats(&self) -> Stats {
        let mut stats = self.state.lock().unwrap().1;
        stats.add_dropped(DropReason::Closed, 0);
        stats
    }
}

#[test]
fn a_program_writes_an_emitter_of_its_own() {
    let lines = Arc::new(Lines::default());
    let emitter: Arc<dyn SignalEmitter> = Arc::clone(&lines) as _;
    let event = SalesEvent::email_clicked("acme", "ada")
        .at("2026-01-15")
        .source("crm")
        .id("7")
        .with("link", "pricing");
    let id = emitter.emit(event.clone()).unwrap();
    let said = serde_json::json!({
        "type": "email_clicked", "account": "acme", "user": "ada", "at": "2026-01-15T00:00:00.000Z", "source": "crm", "id": "7",
        "link": "pricing", "metadata": {"link": "pricing"},
    });
    assert_eq!(lines.state.lock().unwrap().0, [said]);
    let outcomes = run(emitter.send(vec![event, SalesEvent::call_made("", "")])).unwrap();
    assert!(outcomes[0].is_accepted() && outcomes[0].event_id == id);
    assert!(matches!(&outcomes[1].verdict, Verdict::Rejected { errors } if errors.len() == 2));
    let report = run(emitter.close(Duration::ZERO));
    assert!(!report.is_clean() && report.stats == emitter.stats(), "one was rejected");
    assert_eq!((report.stats.emitted, report.stats.accepted, report.stats.rejected), (3, 2, 1));
    let late = run(emitter.send(vec![SalesEvent::call_made("acme", "ada")])).unwrap();
    assert!(matches!(&late[0].verdict, Verdict::NotSent { error, .. } if matches!(**error, Error::Closed)));
}

#[test]
fn what_leads_to_an_emitter_is_one() {
    fn emit(emitter: impl SignalEmitter) -> u64 {
        emitter.emit(SalesEvent::call_made("acme", "ada")).unwrap();
        emitter.stats().emitted
    }
    let emitter = Arc::new(sspp_client::MemoryEmitter::new());
    let boxed: Box<dyn SignalEmitter> = Box::new(Arc::clone(&emitter));
    assert_eq!((emit(&*emitter), emit(Arc::clone(&emitter)), emit(boxed)), (1, 2, 3));
    assert_eq!(emit(Arc::clone(&emitter) as Arc<dyn SignalEmitter>), 4);
}

/// Every error and notice that a mock returns, or a test of a callback needs.
#[test]
fn every_answer_can_be_made() {
    let id = EventId::generate(SystemClock.now(), &SystemRandom::new());
    let violation = Violation::of_member("accountId", "empty", "should not be empty");
    let mut problem = Problem::default();
    problem.status = 503;
    problem.retry_after = Some(Duration::from_secs(7));
    let errors = [
        Error::Invalid(Violations::from_vec(vec![violation.clone()]).unwrap()),
        Error::TooLarge { bytes: 2, limit: 1 },
        Error::QueueFull { events: 1, bytes: 1 },
        Error::Closed,
        Error::Disabled,
        Error::Transport(TransportError::connect("no route")),
        Error::Transport(TransportError::cut("gone")),
        Error::Transport(TransportError::unusable("no")),
        Error::Transport(TransportError::timeout()),
        Error::Refused(Box::new(problem)),
        Error::from(serde_json::from_str::<u8>("x").unwrap_err()),
        Error::Deferred,
        Error::Unsettled { unsettled: 1, timeout: Duration::ZERO },
    ];
    assert_eq!(errors[9].retry_after(), Some(Duration::from_secs(7)));
    for error in errors {
        let verdict =
            Verdict::NotSent { error: Arc::new(error), event: SalesEvent::call_made("acme", "ada").into() };
        assert!(!Outcome::new(id, verdict).is_accepted());
    }
    let dropped = Verdict::Dropped { reason: DropReason::BeforeSend };
    assert!(!Outcome::new(id, dropped).is_accepted());
    let rejected = RejectedEvent::new(id, vec![violation], Bytes::from_static(b"{}"));
    let dropped = DroppedEvent::new(id, DropReason::QueueFull, Some(Arc::new(Error::Deferred)), Bytes::new());
    assert_eq!((rejected.event_id, dropped.event_id), (id, id));
    let mut stats = Stats::default();
    stats.depth = 1;
    stats.add_dropped(DropReason::QueueFull, 2);
    let report = CloseReport::new(vec![id], stats);
    assert_eq!((report.is_clean(), report.stats.dropped_by(DropReason::QueueFull)), (false, 2));
    assert_eq!(
        BuildError::new(["x is wrong".to_owned()]).to_string(),
        "the client cannot be built: x is wrong"
    );
}

#[cfg(feature = "mock")]
#[test]
fn a_mock_answers_as_it_was_set_up() {
    let mut mock = sspp_client::MockSignalEmitter::new();
    let id = EventId::generate(SystemClock.now(), &SystemRandom::new());
    mock.expect_send().returning(move |_| Ok(vec![Outcome::new(id, Verdict::Accepted)]));
    mock.expect_emit().withf(|event| event.get_account() == "acme").returning(move |_| Ok(id));
    assert!(run(mock.send(Vec::new())).unwrap()[0].is_accepted());
    assert_eq!(mock.emit(SalesEvent::call_made("acme", "ada")).unwrap(), id);
}
