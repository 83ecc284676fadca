//! Crashes, full disks and clocks that are set.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::{AssertSqlSafe, Connection as _};
use sspp_core::testing::builders::{event_id, job, signal};
use sspp_core::testing::contract::{QueueFixture, StoreFixture as _};
use sspp_core::{Delivery, FailureClass, QueueError, StoreError};

use super::fixture::{Fixture, fixture, fixture_with};

const NOW: Duration = Duration::ZERO;

#[tokio::test]
async fn suspects_come_at_once_after_a_crash_and_none_after_an_orderly_end() {
    let mut fixture = fixture().await;
    fixture.queue().enqueue((0..4).map(job).collect()).await.unwrap();
    assert_eq!(fixture.queue().receive(2, NOW).await.unwrap().len(), 2);
    assert!(QueueFixture::crash(&mut fixture).await);
    let suspects = fixture.queue().reclaim(10).await.unwrap();
    assert_eq!(suspects.len(), 2);
    assert!(suspects.iter().all(|delivery| delivery.suspect));
    fixture.close().await;
    fixture.open().await;
    assert_eq!(fixture.queue().reclaim(10).await.unwrap(), []);
    let all = fixture.queue().receive(10, NOW).await.unwrap();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|delivery| !delivery.suspect));
}

#[tokio::test]
async fn suspects_that_were_not_taken_stay_suspects_over_an_orderly_end() {
    let mut fixture = fixture().await;
    fixture.queue().enqueue(vec![job(1)]).await.unwrap();
    fixture.queue().receive(1, NOW).await.unwrap();
    QueueFixture::crash(&mut fixture).await;
    fixture.close().await;
    fixture.open().await;
    assert_eq!(fixture.queue().reclaim(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_delivered_again_after_its_delay_is_a_suspect_too() {
    let mut fixture = fixture().await;
    fixture.queue().enqueue(vec![job(1)]).await.unwrap();
    let first = fixture.queue().receive(1, NOW).await.unwrap().remove(0);
    fixture.queue().settle(vec![first.retry(Duration::from_secs(2))]).await.unwrap();
    fixture.clock.advance(TimeDelta::seconds(3));
    assert_eq!(fixture.queue().receive(1, NOW).await.unwrap().len(), 1);
    QueueFixture::crash(&mut fixture).await;
    assert_eq!(fixture.queue().receive(1, NOW).await.unwrap(), []);
    assert_eq!(fixture.queue().reclaim(1).await.unwrap()[0].attempts, 1);
}

#[tokio::test]
async fn the_first_receipt_of_a_process_is_not_that_of_the_next() {
    let mut fixture = fixture().await;
    fixture.queue().enqueue(vec![job(1)]).await.unwrap();
    let of_the_dead = fixture.queue().receive(1, NOW).await.unwrap().remove(0);
    QueueFixture::crash(&mut fixture).await;
    let of_the_living = fixture.queue().reclaim(1).await.unwrap().remove(0);
    fixture.queue().settle(vec![of_the_dead.done()]).await.unwrap();
    assert_eq!(fixture.queue().depth().await.unwrap().total(), 1);
    fixture.queue().settle(vec![of_the_living.done()]).await.unwrap();
    assert_eq!(fixture.queue().depth().await.unwrap().total(), 0);
}

#[tokio::test]
async fn numbers_are_not_used_twice_after_the_queue_was_empty() {
    let mut fixture = fixture().await;
    fixture.queue().enqueue((0..3).map(job).collect()).await.unwrap();
    let all = fixture.queue().receive(3, NOW).await.unwrap();
    fixture.queue().settle(all.into_iter().map(Delivery::done).collect()).await.unwrap();
    QueueFixture::crash(&mut fixture).await;
    fixture.queue().enqueue(vec![job(9)]).await.unwrap();
    assert_eq!(fixture.queue().reclaim(1).await.unwrap(), [], "a new job is no suspect");
    assert_eq!(fixture.queue().receive(1, NOW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_done_and_what_is_asked_after_it_is_refused() {
    let mut fixture = fixture().await;
    let (queue, store) = (fixture.queue(), fixture.store());
    let asked: Vec<_> = (0..32)
        .map(|number| {
            let queue = fixture.queue();
            tokio::spawn(async move { queue.enqueue(vec![job(number)]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    fixture.close().await;
    let mut acknowledged = 0;
    for answer in asked {
        match answer.await.unwrap() {
            Ok(_) => acknowledged += 1,
            Err(error) => assert!(matches!(error, QueueError::Closed), "{error}"),
        }
    }
    assert!(matches!(queue.enqueue(vec![job(99)]).await, Err(QueueError::Closed)));
    assert!(matches!(queue.receive(1, Duration::from_mins(1)).await, Err(QueueError::Closed)));
    assert!(matches!(store.record(vec![signal(1).record()]).await, Err(StoreError::Closed)));
    assert!(matches!(store.stats().await, Err(StoreError::Closed)));
    drop((queue, store));
    fixture.open().await;
    assert_eq!(fixture.queue().depth().await.unwrap().total(), acknowledged);
}

/// Enqueues until the file is full; returns what was acknowledged.
async fn fill(fixture: &Fixture) -> BTreeSet<u64> {
    let mut acknowledged = BTreeSet::new();
    for number in 0.. {
        let mut job = job(number);
        job.payload = vec![7; 2_000].into();
        match fixture.queue().enqueue(vec![job]).await {
            Ok(_) => acknowledged.insert(number),
            Err(error) => {
                assert!(matches!(error, QueueError::Storage { .. }), "{error}");
                assert_eq!(error.class(), FailureClass::Infrastructure);
                break;
            }
        };
    }
    acknowledged
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_heals() {
    let mut fixture = fixture_with(|config| config.max_file_bytes = Some(600_000)).await;
    let acknowledged = fill(&fixture).await;
    assert!(acknowledged.len() > 50);
    let wide = signal(1).metadata(&format!(r#"{{"text":"{}"}}"#, "x".repeat(9_000))).record();
    let error = fixture.store().record(vec![wide.clone()]).await.unwrap_err();
    assert!(matches!(error, StoreError::Storage { .. }), "{error}");
    assert_eq!(fixture.queue().depth().await.unwrap().total(), acknowledged.len() as u64);

    // What is there can be taken out, and that makes room.
    let taken = fixture.queue().receive(20, NOW).await.unwrap();
    assert_eq!(taken.len(), 20);
    fixture.queue().settle(taken.into_iter().map(Delivery::done).collect()).await.unwrap();
    fixture.store().record(vec![wide]).await.unwrap();
    fixture.queue().enqueue(vec![job(100_000)]).await.unwrap();

    fixture.close().await;
    fixture.config.max_file_bytes = None;
    fixture.open().await;
    let left: BTreeSet<_> =
        fixture.queue().recent(2_000).await.unwrap().iter().map(|job| job.event_id).collect();
    let expected = acknowledged.iter().skip(20).chain([&100_000]).map(|number| event_id(*number)).collect();
    assert_eq!(left, expected);
    fixture.queue().enqueue((0..500).map(job).collect()).await.unwrap();
    assert_eq!(fixture.store().stats().await.unwrap().signals, 1);
}

#[tokio::test]
async fn a_full_disk_is_not_ready_until_there_is_room() {
    let fixture = fixture_with(|config| config.max_file_bytes = Some(600_000)).await;
    fixture.queue().ping().await.unwrap();
    fill(&fixture).await;
    // Smaller jobs may still fit: the last page goes.
    let mut number = 100_000;
    while fixture.queue().enqueue(vec![job(number)]).await.is_ok() {
        number += 1;
    }
    assert!(matches!(fixture.queue().ping().await, Err(QueueError::Storage { .. })));
    assert!(matches!(fixture.store().ping().await, Err(StoreError::Storage { .. })));
    let taken = fixture.queue().receive(40, NOW).await.unwrap();
    fixture.queue().settle(taken.into_iter().map(Delivery::done).collect()).await.unwrap();
    fixture.queue().ping().await.unwrap();
    fixture.store().ping().await.unwrap();
}

#[tokio::test]
async fn a_ping_of_a_full_file_undoes_no_work() {
    let fixture = fixture_with(|config| config.max_file_bytes = Some(600_000)).await;
    fill(&fixture).await;
    let taken = fixture.queue().receive(40, NOW).await.unwrap();
    // No page is left, and the file is not proven to take one.
    let mut number = 100_000;
    while fixture.queue().enqueue(vec![job(number)]).await.is_ok() {
        number += 1;
    }
    let before = fixture.queue().depth().await.unwrap().total();
    let done = taken.into_iter().map(Delivery::done).collect();
    let queue = fixture.queue();
    let (pinged, settled) = tokio::join!(queue.ping(), queue.settle(done));
    settled.unwrap();
    // It comes after the work, and finds the room.
    pinged.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), before - 40);
}

#[tokio::test]
async fn a_failed_write_takes_no_room() {
    let fixture = fixture_with(|config| config.max_file_bytes = Some(600_000)).await;
    let acknowledged = fill(&fixture).await.len() as u64;
    for _ in 0..3 {
        let mut job = job(9_999);
        job.payload = vec![7; 50_000].into();
        fixture.queue().enqueue(vec![job]).await.unwrap_err();
    }
    let depth = fixture.queue().depth().await.unwrap();
    assert_eq!((depth.waiting, depth.active), (acknowledged, 0));
    let received = fixture.queue().receive(10_000, NOW).await.unwrap();
    assert_eq!(received.len() as u64, acknowledged);
}

#[tokio::test]
async fn a_clock_that_is_set_by_an_hour_delivers_no_job_early_and_loses_none() {
    let fixture = fixture().await;
    let queue = fixture.queue();
    queue.enqueue((0..10).map(job).collect()).await.unwrap();
    let two_days = Duration::from_hours(48);
    let taken = queue.receive(10, NOW).await.unwrap();
    queue.settle(taken.into_iter().map(|delivery| delivery.postpone(two_days)).collect()).await.unwrap();
    for hours in [1, -1, -1, 1, 24, 1, -1, 22] {
        fixture.clock.advance(TimeDelta::hours(hours));
        assert_eq!(queue.receive(10, NOW).await.unwrap(), [], "early");
        assert_eq!(queue.depth().await.unwrap().delayed, 10);
    }
    fixture.clock.advance(TimeDelta::hours(2));
    assert_eq!(queue.receive(10, NOW).await.unwrap().len(), 10);
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_claim_for_longer() {
    let fixture = fixture().await;
    let queue = fixture.queue();
    queue.enqueue(vec![job(1)]).await.unwrap();
    queue.receive(1, NOW).await.unwrap();
    fixture.clock.advance(TimeDelta::hours(-1));
    assert_eq!(queue.reclaim(1).await.unwrap(), []);
    fixture.clock.advance(TimeDelta::seconds(61));
    assert_eq!(queue.reclaim(1).await.unwrap().len(), 1);
}

/// A schema that refuses every row is no event's fault; one that refuses some rows leaves an ordinary signal in.
#[tokio::test]
async fn a_schema_that_refuses_everything_is_no_signals_fault() {
    let mut fixture = fixture().await;
    fixture.close().await;
    let refuse = |when: &str| {
        format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON signals WHEN {when} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    };
    for (when, at_fault) in [("true", None), ("NEW.account_id = 'acc_9'", Some(true)), ("false", Some(false))]
    {
        let mut connection = fixture.connect().await;
        sqlx::raw_sql(AssertSqlSafe(refuse(when))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        fixture.open().await;
        let (store, suspect) = (fixture.store(), signal(1).account("acc_9"));
        let recorded = store.record(vec![suspect.clone().record()]).await;
        assert_eq!(recorded.is_ok(), at_fault == Some(false), "{when}: {recorded:?}");
        let answer = store.is_at_fault(&suspect.build(), &"x".into()).await;
        match (at_fault, answer) {
            (Some(expected), answer) => assert_eq!(answer.unwrap(), expected, "{when}"),
            (None, answer) => assert!(matches!(answer, Err(StoreError::Setup { .. })), "{when}: {answer:?}"),
        }
        drop(store);
        fixture.close().await;
        let mut connection = fixture.connect().await;
        sqlx::raw_sql("DROP TRIGGER refuse").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
