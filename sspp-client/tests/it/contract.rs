//! What a client and an emitter in memory must do alike: the same calls, the same answers, the same figures.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use sspp_client::{
    Backoff, Client, ClientBuilder, Error, ManualClock, MemoryEmitter, Overflow, Problem, SalesEvent,
    SeededRandom, SignalEmitter, Verdict, Violation,
};

use crate::server::{Reply, Server};
use crate::{LONG, run};

/// What the server does with events.
#[derive(Clone, Copy)]
enum Answers {
    /// Accepts all but those whose metadata has `bad`.
    Judges,
    Fails(u16),
}

fn problem(status: u16) -> Problem {
    let document = json!({"type": "urn:sspp:problem:test", "status": status, "detail": "as scripted", "requestId": "r-1"});
    serde_json::from_value(document).unwrap()
}

fn event(number: usize) -> SalesEvent {
    SalesEvent::call_made(format!("acc_{number}"), "ada")
        .at("2026-01-15T10:00:00Z")
        .id(number.to_string())
        .with("number", number)
}

fn bad(number: usize) -> SalesEvent {
    event(number).with("bad", true)
}

fn invalid() -> SalesEvent {
    SalesEvent::call_made("", "ada").at("later")
}

/// Sent again, it would be another event.
fn undated() -> SalesEvent {
    SalesEvent::call_made("acc_1", "ada").id("own")
}

fn large(bytes: usize) -> SalesEvent {
    event(9).with("blob", "x".repeat(bytes))
}

/// Answers in words.
struct Calls<'e>(&'e dyn SignalEmitter, Vec<String>);

impl Calls<'_> {
    fn emit(&mut self, event: SalesEvent) {
        self.1.push(match self.0.emit(event) {
            Ok(id) => format!("{id}"),
            Err(error) => format!("{error}"),
        });
        // One request an event, so that figures of requests can be compared.
        run(self.0.flush(LONG)).unwrap();
    }

    fn send(&mut self, events: Vec<SalesEvent>) {
        self.1.push(match run(self.0.send(events)) {
            Ok(outcomes) => outcomes
                .iter()
                .map(|outcome| match &outcome.verdict {
                    Verdict::NotSent { error, event } => {
                        format!("{}: {error}, {event:?}; ", outcome.event_id)
                    }
                    verdict => format!("{}: {verdict:?}; ", outcome.event_id),
                })
                .collect(),
            Err(error) => format!("{error}"),
        });
    }

    fn close(&mut self) {
        self.1.push(format!("{:?}", run(self.0.close(LONG))));
    }
}

/// Calls both, and compares what they answered, counted and took. The answers are returned.
fn same(
    set: impl Fn(ClientBuilder) -> ClientBuilder,
    answers: Answers,
    calls: impl Fn(&mut Calls),
) -> Vec<String> {
    let server = Server::start(move |_, _| match answers {
        Answers::Judges => Reply::Judge,
        Answers::Fails(status) => Reply::Status(status, ""),
    });
    let settings = || {
        let builder = Client::builder(&server.url)
            .clock(Arc::new(ManualClock::at("2026-01-15T10:00:00Z".parse().unwrap())))
            .random(Arc::new(SeededRandom::new(7)))
            .backoff(Backoff { attempts: 1, ..Backoff::default() });
        set(builder)
    };
    let client = settings().build().unwrap();
    let memory = settings().in_memory().build().unwrap();
    match answers {
        Answers::Judges => memory.reject(|event| {
            let bad = event.metadata.as_str().contains(r#""bad":true"#);
            bad.then(|| Violation {
                pointer: "/metadata/bad".to_owned(),
                code: "bad".into(),
                detail: "bad is true".to_owned(),
            })
        }),
        Answers::Fails(status) => memory.fail(Error::Refused(Box::new(problem(status)))),
    }
    let reported = |emitter: &dyn SignalEmitter| {
        let mut called = Calls(emitter, Vec::new());
        calls(&mut called);
        (called.1, emitter.stats())
    };
    let (answered, stats) = reported(&client);
    assert_eq!(reported(&memory), (answered.clone(), stats));
    let accepted = |request: &crate::server::Request| -> Vec<Value> {
        let bad = |event: &Value| event["metadata"]["bad"] == true;
        request.events().into_iter().filter(|event| !bad(event)).cloned().collect()
    };
    let taken: Vec<Value> = match answers {
        Answers::Judges => server.requests().iter().flat_map(accepted).collect(),
        Answers::Fails(_) => Vec::new(),
    };
    let kept: Vec<_> = memory
        .events()
        .into_iter()
        .map(|event| {
            (
                event.account_id.to_string(),
                event.source.map(|source| source.to_string()),
                event.metadata.as_str().to_owned(),
            )
        })
        .collect();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let expected: Vec<_> = taken
        .iter()
        .map(|event| {
            (
                text(&event["accountId"]).unwrap(),
                text(&event["source"]),
                event.get("metadata").map_or("{}".to_owned(), Value::to_string),
            )
        })
        .collect();
    assert_eq!(kept, expected);
    answered
}

#[test]
fn events_are_accepted_rejected_and_refused_in_their_places() {
    let answers = same(
        |builder| builder,
        Answers::Judges,
        |calls| {
            for event in [event(0), bad(1), invalid(), event(0), large(300_000)] {
                calls.emit(event);
            }
            calls.send(vec![event(2), invalid(), bad(3), large(300_000), event(4)]);
            calls.emit(undated());
            calls.send(vec![undated()]);
            calls.send(vec![]);
            calls.send(vec![invalid()]);
        },
    );
    assert!(answers[6].contains("call at()") && answers[7].contains("/timestamp"), "{answers:?}");
    assert!(answers[4].contains("262144") && answers[5].contains("too_large"), "{answers:?}");
}

#[test]
fn a_server_that_fails_ends_events_for_the_same_reason() {
    for status in [403, 413, 503] {
        let answers = same(
            |builder| builder,
            Answers::Fails(status),
            |calls| {
                calls.emit(event(0));
                calls.emit(invalid());
                calls.send(vec![event(1)]);
            },
        );
        assert_eq!(answers[2].contains("too_large"), status == 413, "{answers:?}");
    }
    // An event that is not sent keeps its verdict beside what is.
    same(|builder| builder, Answers::Fails(503), |calls| calls.send(vec![event(1), invalid(), event(2)]));
}

#[test]
fn an_event_that_the_queue_has_no_room_for_goes_by_the_overflow_policy() {
    for overflow in [Overflow::Newest, Overflow::Oldest, Overflow::Wait, Overflow::Error] {
        same(
            |builder| builder.queue_bytes(1_024).overflow(overflow),
            Answers::Judges,
            |calls| {
                calls.emit(event(0));
                calls.emit(large(2_000));
                calls.emit(event(1));
                // Needs no queue.
                calls.send(vec![large(2_000)]);
            },
        );
    }
}

#[test]
fn after_the_end_nothing_is_taken_or_counted() {
    let answers = same(
        |builder| builder,
        Answers::Judges,
        |calls| {
            calls.emit(event(0));
            calls.close();
            calls.emit(event(1));
            calls.emit(invalid());
            calls.send(vec![event(2)]);
            calls.send(vec![invalid()]);
            calls.close();
        },
    );
    assert_eq!(answers[2..6], [const { "the client is closed" }; 4]);
    assert_eq!(answers[1], answers[6]);
}

#[test]
fn default_source_last_look_and_off_switch_are_the_same() {
    let look = |event: SalesEvent| {
        assert!(event.get_account() != "acc_2", "as the test wants it");
        let source = event.get_source().unwrap_or("none").to_owned();
        (event.get_account() != "acc_1").then(|| event.without("number").with("seen", source))
    };
    let all = |calls: &mut Calls| {
        for number in 0..3 {
            calls.emit(event(number));
        }
        calls.emit(event(3).source("own"));
        calls.send(vec![event(1), event(4), invalid(), event(2).id("2")]);
        calls.send(vec![event(1)]);
        calls.close();
    };
    same(|builder| builder.source("crm").before_send(look), Answers::Judges, all);
    same(|builder| builder.source("crm").before_send(look).disabled(true), Answers::Judges, all);
}

/// What a program may do with an emitter.
#[derive(Debug, Clone)]
enum Step {
    Emit(Box<SalesEvent>),
    Send(Vec<SalesEvent>),
    Close,
}

fn any_event() -> impl Strategy<Value = SalesEvent> {
    let number = 0_usize..4;
    prop_oneof![
        4 => number.clone().prop_map(event),
        1 => number.clone().prop_map(bad),
        1 => number.prop_map(|number| event(number).source("own")),
        1 => Just(invalid()),
        1 => Just(large(2_000)),
        1 => Just(large(300_000)),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any_event().prop_map(|event| Step::Emit(event.into())),
        3 => prop::collection::vec(any_event(), 0..5).prop_map(Step::Send),
        1 => Just(Step::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// For any calls of a program, and any settings.
    #[test]
    fn any_calls_are_answered_alike(
        steps in prop::collection::vec(any_step(), 0..8),
        overflow in prop::sample::select(&[Overflow::Newest, Overflow::Oldest, Overflow::Wait, Overflow::Error][..]),
        small in any::<bool>(),
        source in prop::option::of(Just("crm")),
        looks in any::<bool>(),
        disabled in prop::bool::weighted(0.2),
    ) {
        let set = |builder: ClientBuilder| {
            let builder = builder.overflow(overflow).disabled(disabled).queue_bytes(if small { 1_024 } else { 16 << 20 });
            let builder = if let Some(source) = source { builder.source(source) } else { builder };
            let look = |event: SalesEvent| (event.get_account() != "acc_1").then(|| event.without("number"));
            if looks { builder.before_send(look) } else { builder }
        };
        same(set, Answers::Judges, |calls| {
            for step in steps.clone() {
                match step {
                    Step::Emit(event) => calls.emit(*event),
                    Step::Send(events) => calls.send(events),
                    Step::Close => calls.close(),
                }
            }
        });
    }
}

#[test]
fn a_full_queue_can_be_asked_for() {
    let memory = MemoryEmitter::builder().overflow(Overflow::Error).build().unwrap();
    memory.full();
    let refused = memory.emit(event(0));
    assert!(
        matches!(&refused, Err(error @ Error::QueueFull { events: 10_000, .. }) if error.is_retryable()),
        "{refused:?}"
    );
    assert_eq!(memory.stats(), sspp_client::Stats::default());
    for overflow in [Overflow::Newest, Overflow::Oldest, Overflow::Wait] {
        let memory = MemoryEmitter::builder().overflow(overflow).build().unwrap();
        memory.full();
        memory.emit(event(0)).unwrap();
        assert!(run(memory.send(vec![event(1)])).unwrap()[0].is_accepted());
        memory.accept();
        memory.emit(event(2)).unwrap();
        let stats = memory.stats();
        assert_eq!(
            (stats.emitted, stats.accepted, stats.dropped_by(sspp_client::DropReason::QueueFull)),
            (3, 2, 1)
        );
        assert_eq!(memory.take().len(), 2);
        run(memory.close(LONG));
        memory.full();
        assert!(matches!(memory.emit(event(3)), Err(Error::Closed)));
    }
}

#[test]
fn the_figures_never_show_more_settled_than_emitted() {
    let memory = MemoryEmitter::new();
    let emits = memory.clone();
    let emitting = std::thread::spawn(move || (0..20_000).for_each(|_| drop(emits.emit(event(0)))));
    while !emitting.is_finished() {
        let stats = memory.stats();
        assert!(stats.accepted + stats.rejected + stats.dropped() <= stats.emitted, "{stats:?}");
    }
    emitting.join().unwrap();
}

/// What the program gives is called without a lock, so it may call the emitter.
#[test]
fn rules_may_ask_the_emitter() {
    let memory = MemoryEmitter::new();
    let asked = memory.clone();
    memory.reject(move |_| {
        asked.events().first().map(|_| Violation::of_member("eventId", "second", "is the second"))
    });
    memory.emit(event(0)).unwrap();
    let outcomes = run(memory.send(vec![event(1)])).unwrap();
    assert!(matches!(&outcomes[0].verdict, Verdict::Rejected { errors } if errors[0].code == "second"));
}
