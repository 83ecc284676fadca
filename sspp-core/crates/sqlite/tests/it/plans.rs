//! How SQLite answers the questions that are asked most: by an index, never by reading every signal.

use sqlx::SqliteConnection;

use super::fixture::fixture;

/// The plan of a statement, one line a step.
async fn plan(connection: &mut SqliteConnection, sql: &'static str) -> Vec<String> {
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(connection)
            .await
            .unwrap();
    rows.into_iter().map(|row| row.3).collect()
}

/// Texts as the adapter has them; those of lists are looked at beside their builder.
#[tokio::test]
async fn hot_statements_use_an_index() {
    let mut fixture = fixture().await;
    fixture.close().await;
    let mut connection = fixture.connect().await;
    let cases = [
        ("SELECT * FROM signals WHERE event_id = ?", "sqlite_autoindex_signals_1"),
        (
            "SELECT coalesce(sum(signals), 0) FROM account_tallies WHERE account_id = ?",
            "PRIMARY KEY (account_id=?)",
        ),
        (
            "DELETE FROM dead_letters WHERE id IN (SELECT unhex(value) FROM json_each(?))",
            "sqlite_autoindex_dead_letters",
        ),
        (
            "DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE processed_at < ? ORDER BY processed_at LIMIT ?) \
             RETURNING account_id, user_id, event_type, signal_type, score",
            "signals_processed_at (processed_at<?)",
        ),
        (
            "DELETE FROM signals WHERE id IN (SELECT id FROM by_account WHERE account_id = ? AND id <= ? LIMIT ?)",
            "by_account USING PRIMARY KEY (account_id=?)",
        ),
        (
            "DELETE FROM dead_letters WHERE seq IN ( \
                SELECT seq FROM dead_letters WHERE died_at < ? ORDER BY died_at LIMIT ?)",
            "dead_letters_died_at (died_at<?)",
        ),
        (
            "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE died_at < ? LIMIT ?)",
            "dead_letters_died_at (died_at<?)",
        ),
        (
            "SELECT EXISTS (SELECT 1 FROM signals WHERE processed_at < ? LIMIT ?)",
            "signals_processed_at (processed_at<?)",
        ),
        (
            "DELETE FROM account_tallies WHERE account_id IN (SELECT key FROM json_each(?)) AND signals = 0",
            "SEARCH account_tallies USING PRIMARY KEY (account_id=?)",
        ),
    ];
    for (sql, expected) in cases {
        let steps = plan(&mut connection, sql).await;
        assert!(steps.iter().any(|step| step.contains(expected)), "{sql}\nwants {expected}\nhas {steps:#?}");
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY")),
            "{sql} sorts: {steps:#?}"
        );
    }
}

#[tokio::test]
async fn statistics_read_tallies_only() {
    let mut fixture = fixture().await;
    fixture.close().await;
    let mut connection = fixture.connect().await;
    let steps = plan(&mut connection, "SELECT * FROM totals LEFT JOIN type_tallies ON true").await;
    assert!(!steps.iter().any(|step| step.contains(" signals")), "{steps:#?}");
}
