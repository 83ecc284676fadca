//! The law: every emitted event is in the end exactly one of accepted, rejected with reasons, or dropped and counted; none is
//! sent again after an answer settled it.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use sspp_client::{Backoff, DropReason, Overflow};

use crate::server::{Reply, Server};
use crate::{LONG, Reported, eventually, quick, run};

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        4 => Just(Reply::Judge),
        3 => Just(Reply::JudgeHalf),
        2 => Just(Reply::Status(503, "")),
        1 => Just(Reply::Status(503, "retry-after: 0\r\n")),
        1 => Just(Reply::Status(429, "")),
        1 => Just(Reply::Status(413, "")),
        1 => Just(Reply::Status(400, "")),
        1 => Just(Reply::Status(200, "")),
        1 => Just(Reply::Page(520)),
        1 => Just(Reply::Page(200)),
        1 => Just(Reply::Half),
        2 => Just(Reply::TakeAndCut),
        2 => Just(Reply::Cut),
    ]
}

fn overflow() -> impl Strategy<Value = Overflow> {
    prop_oneof![Just(Overflow::Newest), Just(Overflow::Oldest), Just(Overflow::Wait), Just(Overflow::Error)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_event_has_exactly_one_end(
        script in prop::collection::vec(reply(), 0..30),
        bad in prop::collection::vec(prop::bool::weighted(0.2), 1..60),
        overflow in overflow(),
        (queue, batch, in_flight) in (1_usize..40, 1_usize..9, 1_usize..5),
        attempts in 1_u32..6,
        patient in any::<bool>(),
    ) {
        let replies = script.clone();
        let server = Server::start(move |_, number| replies.get(number).cloned().unwrap_or(Reply::Judge));
        let (rejected, dropped): (Reported<String>, Reported<String>) = Default::default();
        let (to_rejected, to_dropped) = (rejected.clone(), dropped.clone());
        let backoff = Backoff {
            base: Duration::from_millis(1), max: Duration::from_millis(4), attempts, ..Backoff::default()
        };
        let client = quick(&server.url)
            .backoff(backoff)
            .queue_events(queue).batch_events(batch).in_flight(in_flight).overflow(overflow)
            .on_rejected(move |event| {
                assert!(["bad", "refused", "too_large"].contains(&event.errors[0].code.as_ref()));
                to_rejected.lock().unwrap().push(event.event_id.to_string());
            })
            .on_dropped(move |event| to_dropped.lock().unwrap().push(event.event_id.to_string()))
            .build()
            .unwrap();
        let mut emitted = HashSet::new();
        for (number, bad) in bad.iter().enumerate() {
            if let Ok(id) = client.emit(crate::event(number).with("bad", *bad)) {
                prop_assert!(emitted.insert(id.to_string()));
            }
        }
        let report = run(client.close(if patient { LONG } else { Duration::from_millis(20) }));
        let stats = report.stats;
        prop_assert_eq!(stats.depth, 0);
        prop_assert_eq!(stats.emitted, emitted.len() as u64);
        prop_assert_eq!(stats.emitted, stats.accepted + stats.rejected + stats.dropped());
        prop_assert!(report.undelivered.len() as u64 >= stats.dropped_by(DropReason::Closed));
        prop_assert!(report.undelivered.len() as u64 <= stats.dropped());
        eventually("the callbacks", || {
            rejected.lock().unwrap().len() as u64 == stats.rejected
                && dropped.lock().unwrap().len() as u64 == stats.dropped()
        });
        let (rejected, dropped) = (rejected.lock().unwrap().clone(), dropped.lock().unwrap().clone());
        let gone: HashSet<String> = rejected.iter().chain(&dropped).cloned().collect();
        prop_assert_eq!(gone.len(), rejected.len() + dropped.len(), "reported twice");
        prop_assert!(gone.is_subset(&emitted));
        let accepted: HashSet<String> = emitted.difference(&gone).cloned().collect();
        prop_assert_eq!(accepted.len() as u64, stats.accepted);
        server.look(|ledger| {
            prop_assert!(accepted.is_subset(&ledger.accepted), "counted as accepted, and was not");
            if patient {
                prop_assert_eq!(&ledger.again, &Vec::<String>::new(), "sent again after it was settled");
            }
            Ok(())
        })?;
    }
}
