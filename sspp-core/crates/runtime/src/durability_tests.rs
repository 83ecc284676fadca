//! Who has to be durable before a process starts, in each shape.

use sspp_engine::{QueueError, StoreError};
use sspp_testing::{MockEventQueue, MockStore};

use super::*;

type Answer<E> = fn() -> Result<Durability, E>;

fn state(queue: Option<Answer<QueueError>>, of_store: Answer<StoreError>) -> DurabilityState {
    let queue = queue.map(|answer| {
        let mut queue = MockEventQueue::new();
        queue.expect_durability().returning(answer);
        Arc::new(queue) as Arc<dyn EventQueue>
    });
    let mut store = MockStore::new();
    store.expect_durability().returning(of_store);
    let store: Arc<dyn Store> = Arc::new(store);
    DurabilityState::watch(queue.as_ref(), &store)
}

fn away() -> Result<Durability, StoreError> {
    Err(StoreError::Unavailable { reason: "a test".to_owned() })
}

fn at_risk() -> Durability {
    Durability::AtRisk(vec!["fsync is off".to_owned()])
}

#[tokio::test(start_paused = true)]
async fn what_acknowledges_events_has_to_say_that_it_is_durable() {
    let patience = Some(Duration::from_secs(30));
    let [queue_durable, queue_at_risk]: [Answer<QueueError>; 2] =
        [|| Ok(Durability::Durable), || Ok(at_risk())];
    let [durable, risky]: [Answer<StoreError>; 2] = [|| Ok(Durability::Durable), || Ok(at_risk())];
    for (queue, store, refused) in [
        (Some(queue_durable), durable, None),
        (Some(queue_durable), away, None),
        (Some(queue_durable), risky, Some("store is not durable")),
        (Some(queue_at_risk), durable, Some("queue is not durable")),
        (Some(|| Err(QueueError::Closed)), durable, Some("not known after 30 seconds whether the queue")),
        (None, durable, None),
        (None, risky, Some("store is not durable")),
        (None, away, Some("not known after 30 seconds whether the store")),
    ] {
        let answer = state(queue, store).require(patience).await.map_err(|error| error.to_string());
        match (refused, answer) {
            (None, answer) => assert_eq!(answer, Ok(())),
            (Some(part), Err(said)) => assert!(said.contains(part), "{said}"),
            (Some(part), Ok(())) => panic!("{part}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_alone_is_as_durable_as_it_says() {
    let state = state(None, || Ok(at_risk()));
    drop(state.require(None).await);
    assert_eq!(state.get().map(|known| known.at_risk().to_vec()), Some(vec!["fsync is off".to_owned()]));
}
