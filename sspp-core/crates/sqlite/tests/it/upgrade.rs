//! A file of the first release: its dead letters are found by what their payloads say.

use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use sspp_core::{DeadLetterFilter, DeadLetterQuery, EventType, SqliteConfig, SqliteDatabase, SystemClock};

#[tokio::test]
async fn dead_letters_of_the_first_release_are_searched_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::migrate!("./migrations").run_direct(Some(1), &mut connection, false).await.unwrap();
    for (number, payload) in [
        (1_u8, &br#"{"v":1,"accountId":"a","userId":"u","eventType":"webinar"}"#[..]),
        (2, &b"\xff\x00 garbage"[..]),
        (3, &b"[1,2]"[..]),
        (4, &br#"{"accountId":7,"eventType":"webinar"}"#[..]),
    ] {
        sqlx::query(
            "INSERT INTO dead_letters (id, event_id, payload, reason, detail, attempts, enqueued_at, died_at) \
             VALUES (?, ?, ?, 'undecodable', '', 0, 0, 0)",
        )
        .bind(vec![number; 16])
        .bind(vec![number; 16])
        .bind(payload)
        .execute(&mut connection)
        .await
        .unwrap();
    }
    drop(connection);
    let database = SqliteDatabase::open(SqliteConfig::new(&path), Arc::new(SystemClock)).await.unwrap();
    let filter =
        DeadLetterFilter { event_type: EventType::new("webinar").ok(), ..DeadLetterFilter::default() };
    let query = |filter| DeadLetterQuery { filter, ..DeadLetterQuery::default() };
    let found = database.store().dead_letters(&query(filter)).await.unwrap();
    assert_eq!(found.items.iter().map(|item| item.number).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(
        database.store().dead_letters(&query(DeadLetterFilter::default())).await.unwrap().items.len(),
        4
    );
    database.close().await;
}
