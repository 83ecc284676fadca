//! Hosts whose clocks are wrong, or are put right: by none of them is an event lost, or kept that was erased.

use std::sync::Arc;

use chrono::TimeDelta;
use sspp_api::{Ports, Settings};
use sspp_core::testing::store_in_memory;
use sspp_core::{EventQueue, ManualClock, MemoryEventQueue, SystemClock};

use crate::harness::{Harness, event, in_each_direct_shape, memory_ports, queued_ports};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap()))
}

/// Accepts so many events of an account.
async fn accept(api: &Harness, account: &str, events: u32) {
    for _ in 0..events {
        api.accept(event(account, "call_made", "{}")).await;
    }
}

async fn erase(api: &Harness, account: &str) {
    let reply = api.send("DELETE", &format!("/api/v1/accounts/{account}"), &[], ()).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["complete"]), (202, &true.into()), "{reply:?}");
}

async fn signals(api: &Harness, account: &str) -> u64 {
    api.get(&format!("/api/v1/signals?accountId={account}")).await.json()["pagination"]["total"]
        .as_u64()
        .unwrap()
}

/// Received through one API, erased through another, received again through a third: each with a clock that is right, ten
/// minutes behind or ten minutes ahead. What was recorded before the order goes, and so does what waits.
#[tokio::test]
async fn an_erasure_covers_what_came_before_it_through_whatever_api() {
    for recorded_first in [true, false] {
        let ports = queued_ports(Arc::new(MemoryEventQueue::new(Arc::new(SystemClock))));
        let apis = [0, -10, 10].map(|minutes| {
            let clock = ManualClock::at(ports.clock.now() + TimeDelta::minutes(minutes));
            Harness::over(Ports { clock: Arc::new(clock), ..ports.clone() }, Settings::default())
        });
        if recorded_first {
            apis[0].run_pipeline();
        }
        let mut accounts = Vec::new();
        for (one, before) in apis.iter().enumerate() {
            for (two, orders) in apis.iter().enumerate() {
                for (three, after) in apis.iter().enumerate() {
                    let account = format!("acc_{one}{two}{three}");
                    accept(before, &account, 3).await;
                    if recorded_first {
                        apis[0].drained().await;
                        assert_eq!(signals(&apis[0], &account).await, 3);
                    }
                    erase(orders, &account).await;
                    assert_eq!(signals(&apis[0], &account).await, 0, "{account}");
                    accept(after, &account, 2).await;
                    accounts.push(account);
                }
            }
        }
        if !recorded_first {
            apis[0].run_pipeline();
        }
        apis[0].drained().await;
        for account in accounts {
            assert_eq!(signals(&apis[0], &account).await, 2, "{account}, recorded first: {recorded_first}");
        }
    }
}

/// The same without a queue: the store decides.
#[tokio::test]
async fn an_erasure_covers_what_came_before_it_in_each_direct_shape() {
    in_each_direct_shape(async |harness| {
        for (at, minutes) in [0, -10, 10].into_iter().enumerate() {
            let clock = ManualClock::at(harness.ports.clock.now() + TimeDelta::minutes(minutes));
            let ports = Ports { clock: Arc::new(clock), ..harness.ports.clone() };
            let (api, account) = (Harness::over(ports, Settings::default()), format!("acc_{at}"));
            accept(&api, &account, 3).await;
            erase(harness, &account).await;
            assert_eq!(signals(&api, &account).await, 0, "{account} over {}", harness.ports.store_kind);
            accept(&api, &account, 2).await;
            assert_eq!(signals(&api, &account).await, 2, "{account} over {}", harness.ports.store_kind);
        }
    })
    .await;
}

/// The clock of one process that is queue and store in one.
#[tokio::test]
async fn a_clock_that_is_put_right_after_an_erasure_loses_nothing() {
    for is_direct in [true, false] {
        let clock = clock();
        let queue: Arc<dyn EventQueue> = Arc::new(MemoryEventQueue::new(clock.clone()));
        let ports = Ports {
            store: Arc::new(store_in_memory().with_clock(clock.clone())),
            clock: clock.clone(),
            queue: (!is_direct).then_some(queue),
            ..memory_ports()
        };
        a_clock_is_put_right(&clock, Harness::over(ports, Settings::default())).await;
    }
}

async fn a_clock_is_put_right(clock: &ManualClock, api: Harness) {
    accept(&api, "acc_1", 3).await;
    erase(&api, "acc_1").await;
    clock.advance(TimeDelta::minutes(-10));
    accept(&api, "acc_1", 5).await;
    api.run_pipeline();
    api.drained().await;
    assert_eq!(signals(&api, "acc_1").await, 5);
    erase(&api, "acc_1").await;
    assert_eq!(signals(&api, "acc_1").await, 0);
}
