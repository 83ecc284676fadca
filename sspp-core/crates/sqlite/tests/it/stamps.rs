//! Stamps of received events over crashes and clocks that are set.

use chrono::TimeDelta;
use sspp_core::testing::builders::{at, dead_letter, signal};
use sspp_core::testing::contract::StoreFixture as _;
use sspp_core::{AccountId, Erasable, Erasure, Record, Signal, Store, Timestamp};

use super::fixture::fixture;

async fn receive(store: &dyn Store, number: u64) -> Timestamp {
    store.receive(vec![signal(number).record()]).await.unwrap();
    let signal = store.signal_of_event(signal(number).build().accepted.event_id).await.unwrap().unwrap();
    let Signal { recorded, .. } = signal;
    assert_eq!(recorded.processed_at, recorded.accepted.received_at);
    assert!(store.now().await.unwrap() >= recorded.processed_at);
    recorded.processed_at
}

#[tokio::test]
async fn stamps_never_fall_whatever_the_clock_does_and_after_a_crash() {
    let mut fixture = fixture().await;
    let first = receive(&*fixture.store(), 1).await;
    assert_eq!(first, at(0), "the store's clock, which stands");
    let mut last = first;
    for (number, hours) in [(2, 0), (3, 1), (4, -1), (5, -1)] {
        fixture.clock.advance(TimeDelta::hours(hours));
        let stamp = receive(&*fixture.store(), number).await;
        assert!(stamp > last, "{stamp} after {last}");
        last = stamp;
    }
    assert!(last < at(3_601), "an hour and some microseconds");
    // The stamps outlive the process, and their rows too.
    fixture.store().expire_signals(Timestamp::MAX, 100).await.unwrap();
    assert!(fixture.crash().await);
    assert!(fixture.store().now().await.unwrap() >= last);
    let stamp = receive(&*fixture.store(), 6).await;
    assert!(stamp > last, "{stamp} after {last}");
}

#[tokio::test]
async fn a_dead_letters_stamp_outlives_a_crash_too() {
    let mut fixture = fixture().await;
    fixture.clock.advance(TimeDelta::hours(1));
    fixture.store().receive(vec![Record::DeadLetter(dead_letter(1))]).await.unwrap();
    fixture.clock.advance(TimeDelta::hours(-1));
    assert!(fixture.crash().await);
    assert!(receive(&*fixture.store(), 2).await > at(3_600));
}

#[tokio::test]
async fn what_is_received_after_a_crash_comes_after_what_was_erased_before_it() {
    let mut fixture = fixture().await;
    let whom = Erasable::Account(AccountId::new("acc_1").unwrap());
    fixture.store().begin_erasure(&Erasure { whom, up_to: at(500) }).await.unwrap();
    assert!(fixture.crash().await);
    assert!(receive(&*fixture.store(), 1).await > at(500));
}

/// What is imported or replayed brings stamps of its own, which say nothing of this store's clock.
#[tokio::test]
async fn stamps_of_others_move_none_of_the_stores() {
    let mut fixture = fixture().await;
    let ahead = Timestamp::parse("2100-01-01").unwrap();
    fixture.store().import(vec![signal(1).processed_at(ahead).record()]).await.unwrap();
    fixture.store().record(vec![signal(2).processed_at(ahead).record()]).await.unwrap();
    assert!(receive(&*fixture.store(), 3).await < at(1));
    assert!(fixture.crash().await);
    assert!(receive(&*fixture.store(), 4).await < at(1));
}
