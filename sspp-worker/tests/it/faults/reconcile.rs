//! Reconciliation: what the ledger says against what the store holds, read from the database itself.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use super::stage::{Shape, Stage};

/// What a store holds.
struct Holds {
    /// How many signals each event has, by its producer's id or, where it has none, by its user.
    signals: BTreeMap<String, i64>,
    /// Event id and reason of each dead letter.
    letters: Vec<(String, String)>,
    /// By how much the figures differ from a recount.
    drift: i64,
}

const SIGNALS: &str = "SELECT coalesce(external_id, user_id), count(*) FROM signals GROUP BY 1";

/// The figures of both databases have the same names.
const DRIFT: &str = "SELECT CAST(abs((SELECT count(*) FROM signals) - (SELECT coalesce(sum(signals), 0) FROM type_tallies)) \
    + abs((SELECT coalesce(sum(score), 0) FROM signals) - (SELECT coalesce(sum(score), 0) FROM type_tallies)) \
    + abs((SELECT count(*) FROM signals) - (SELECT coalesce(sum(signals), 0) FROM account_tallies)) \
    + abs((SELECT count(*) FROM signals) - (SELECT coalesce(sum(signals), 0) FROM user_tallies)) \
    + abs((SELECT count(DISTINCT account_id) FROM signals) - (SELECT sum(accounts) FROM totals)) \
    + abs((SELECT count(DISTINCT user_id) FROM signals) - (SELECT sum(users) FROM totals)) \
    + abs((SELECT count(*) FROM dead_letters) - (SELECT sum(dead_letters) FROM totals)) AS bigint)";

impl Holds {
    async fn of_postgres(database: &mut PgConnection) -> Self {
        let letters = "SELECT event_id::text, reason FROM dead_letters ORDER BY 1";
        Self {
            signals: sqlx::query_as(SIGNALS).fetch_all(&mut *database).await.unwrap().into_iter().collect(),
            letters: sqlx::query_as(letters).fetch_all(&mut *database).await.unwrap(),
            drift: sqlx::query_scalar(DRIFT).fetch_one(database).await.unwrap(),
        }
    }

    /// Of a file that a process closed in order. A copy is read: SQLite would not find it by a name that leads through a process.
    async fn of_file(file: &Path) -> Self {
        let copy = tempfile::NamedTempFile::new().unwrap();
        std::fs::copy(file, copy.path()).unwrap();
        let mut database = SqliteConnectOptions::new().filename(copy.path()).connect().await.unwrap();
        let letters = "SELECT lower(hex(event_id)), reason FROM dead_letters ORDER BY 1";
        let letters: Vec<(String, String)> = sqlx::query_as(letters).fetch_all(&mut database).await.unwrap();
        let hyphens = |(id, reason): (String, String)| {
            let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
            (parts.join("-"), reason)
        };
        Self {
            signals: sqlx::query_as(SIGNALS).fetch_all(&mut database).await.unwrap().into_iter().collect(),
            letters: letters.into_iter().map(hyphens).collect(),
            drift: sqlx::query_scalar(DRIFT).fetch_one(&mut database).await.unwrap(),
        }
    }
}

impl Stage {
    /// Ends the load, waits for the queue to drain, and reconciles.
    pub(super) async fn reconcile(mut self, name: &str) {
        let healed = self.healed.unwrap_or_else(Instant::now);
        self.stop_load().await;
        self.drained().await;
        let took = healed.elapsed().as_secs_f64();
        let holds = match self.shape {
            Shape::Queued | Shape::Postgres => Holds::of_postgres(&mut self.database().await).await,
            Shape::Sqlite | Shape::SmallDisk => {
                self.stop_api();
                Holds::of_file(&self.servers.file_from_outside()).await
            }
        };
        let Holds { signals, letters, drift } = holds;
        let stored: i64 = signals.values().sum();
        let (sent, uncertain) = (self.ledger.sent(), self.ledger.uncertain());
        let acknowledged = self.ledger.acknowledged();
        let lost = acknowledged.iter().filter(|id| !signals.contains_key(*id)).count();
        let is_twice = |id: &&String| signals.get(*id).is_some_and(|count| *count > 1);
        let twice = sent.difference(&uncertain).filter(is_twice).count();
        let doomed = self.letters.len();
        let line = format!(
            "| {name} | {} | {} | {stored} | {} | {lost} | {twice} | {drift} | {took:.1} s |",
            sent.len() + doomed,
            acknowledged.len() + doomed,
            letters.len(),
        );
        eprintln!("{line}");
        if let Some(table) = std::env::var_os("SSPP_FAULT_TABLE") {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(table);
            file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        assert_eq!((lost, twice, drift), (0, 0, 0), "{line}");
        assert_eq!(letters, self.letters.into_iter().collect::<Vec<_>>(), "{line}");
        assert!(acknowledged.len() >= 100, "hardly any load: {line}");
    }
}
