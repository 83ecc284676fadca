//! Ordinary signals, by which a store tells a fault of a signal from one of its schema.

use sspp_core::adapter::ordinary;
use sspp_core::testing::builders::{at, event_id, signal};
use sspp_core::{ContentDigest, Signal, SignalId};

#[test]
fn ordinary_signals_share_nothing_with_the_suspect_but_its_instant_and_model() {
    let suspect =
        signal(1).account("odd").score(9_999).timestamp(at(-1_000_000)).processed_at(at(50)).build();
    let last = signal(2).account("usual").from_source("crm", "7").build();
    let last = Signal { id: SignalId::new(1), recorded: last };
    let both = ordinary(&suspect, Some(last), event_id(9));
    assert_eq!(both.len(), 2);
    for (signal, account) in both.iter().zip(["usual", "sspp_probe"]) {
        let event = &signal.accepted.event;
        assert_eq!((event.account_id.as_str(), signal.accepted.event_id), (account, event_id(9)));
        assert_eq!([event.timestamp, signal.accepted.received_at, signal.processed_at], [at(50); 3]);
        assert_eq!((signal.model, signal.content), (suspect.model, ContentDigest::of(event)));
        assert_eq!(event.external_id, None);
        assert_ne!(signal.score, suspect.score);
    }
    assert_eq!(ordinary(&suspect, None, event_id(9)).len(), 1);
}
