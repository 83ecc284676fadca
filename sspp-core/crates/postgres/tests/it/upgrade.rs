//! A database of the first release: its dead letters are found by what their payloads say.

use sqlx::PgPool;
use sspp_core::testing::servers::{Kind, server};
use sspp_core::{DeadLetterFilter, DeadLetterQuery, EventType, PgConfig, PgSignalStore, SignalStore as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_of_the_first_release_are_searched_too() {
    let Some(server) = server(Kind::Postgres15).await else { return };
    let pool = PgPool::connect(&server.url).await.unwrap();
    sqlx::migrate!("./migrations").run_to(1, &pool).await.unwrap();
    for (number, payload) in [
        (1_u128, &br#"{"v":1,"accountId":"a","userId":"u","eventType":"webinar"}"#[..]),
        (2, &b"\xff\x00 garbage"[..]),
        (3, &b"[1,2]"[..]),
        (4, &br#"{"accountId":7,"eventType":"webinar"}"#[..]),
    ] {
        sqlx::query(
            "INSERT INTO dead_letters (id, event_id, payload, reason, detail, attempts, enqueued_at, died_at) \
             VALUES ($1, $1, $2, 'undecodable', '', 0, now(), now())",
        )
        .bind(uuid::Uuid::from_u128(number))
        .bind(payload)
        .execute(&pool)
        .await
        .unwrap();
    }
    let store = PgSignalStore::open(PgConfig::new(&server.url)).await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), 1);
    let filter =
        DeadLetterFilter { event_type: EventType::new("webinar").ok(), ..DeadLetterFilter::default() };
    let query = |filter| DeadLetterQuery { filter, ..DeadLetterQuery::default() };
    let found = store.dead_letters(&query(filter)).await.unwrap();
    assert_eq!(found.items.iter().map(|item| item.number).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(store.dead_letters(&query(DeadLetterFilter::default())).await.unwrap().items.len(), 4);
}
