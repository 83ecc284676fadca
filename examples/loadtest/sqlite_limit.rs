//! The limit of durable ingest: the same bodies into a SQLite file on the same disk, by SQLite alone.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};

use crate::Failure;
use crate::args::Plan;
use crate::payload;
use crate::stats::rate;

/// Rows in one transaction: as many as connections wait for their commit.
const GROUP: u32 = 64;

/// What is measured; printed with the figures.
pub(crate) const DESCRIPTION: &str =
    "the same bodies, one connection, WAL, synchronous=FULL, one INSERT of 64 rows a transaction, no index";

/// Rows a second.
pub(crate) async fn measure(folder: &Path, round: u32, plan: &Plan) -> Result<f64, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(format!("limit-{round}.db")))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query("CREATE TABLE queue (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)")
        .execute(&mut connection)
        .await?;
    let insert = format!("INSERT INTO queue (payload) VALUES (?){}", ", (?)".repeat(GROUP as usize - 1));
    let groups: Vec<Vec<Vec<u8>>> = (0..plan.events / GROUP)
        .map(|group| {
            (group * GROUP..(group + 1) * GROUP).map(|number| payload::body(round, number).to_vec()).collect()
        })
        .collect();

    let began = Instant::now();
    let mut rows = 0_u64;
    for group in groups {
        // A statement of its own is a transaction of its own.
        let mut query = sqlx::query(sqlx::AssertSqlSafe(insert.as_str()));
        for payload in group {
            query = query.bind(payload);
        }
        rows += query.execute(&mut connection).await?.rows_affected();
        if began.elapsed() >= Duration::from_secs(plan.seconds) {
            break;
        }
    }
    let took = began.elapsed();
    connection.close().await?;
    Ok(rate(rows, took))
}
