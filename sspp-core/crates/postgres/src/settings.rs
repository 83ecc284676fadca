//! What every connection is set to. The server, the database, the role or a pooler may have set other values, some of which
//! would undo a promise. They are set after connecting: a pooler refuses them as startup parameters.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::sync::watch;

/// Settings of a connection.
#[derive(Debug, Clone)]
pub(super) struct Settings(Vec<(&'static str, String)>);

/// Settings of all connections. A name that the server does not know is left out.
///
/// `default_transaction_read_only` is not among them: an operator, or a managed server whose disk is almost full, sets it on
/// purpose, and every write then fails with that reason.
const ALWAYS: [(&str, &str); 8] = [
    // What a statement sees begins with the statement: a known event id is found after waiting for its lock.
    ("default_transaction_isolation", "read committed"),
    // These would end a session or a transaction before its own limits do.
    ("transaction_timeout", "0"),
    ("idle_session_timeout", "0"),
    // Instants without a zone, such as the predecessor's, are in UTC.
    ("TimeZone", "UTC"),
    ("standard_conforming_strings", "on"),
    // Doubles as texts keep all their digits.
    ("extra_float_digits", "3"),
    // A policy that hides rows makes a statement fail: silently it would make figures and erasures false.
    ("row_security", "off"),
    ("default_transaction_deferrable", "off"),
];

/// A commit is on disk before it is answered, whatever the server has set; what is stricter stays.
const SYNCHRONOUS_COMMIT: &str = "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END";

impl Settings {
    /// With limits on statements that the server itself holds to, so that a statement whose client is gone ends too.
    pub(super) fn with_limits(statement: Duration) -> Self {
        let statement = statement.as_millis();
        Self(vec![
            ("statement_timeout", statement.to_string()),
            ("lock_timeout", (statement / 2).max(1).to_string()),
            ("idle_in_transaction_session_timeout", statement.to_string()),
        ])
    }

    /// With no limits on statements.
    pub(super) fn without_limits() -> Self {
        let limits = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
        let mut all: Vec<_> = limits.map(|name| (name, "0".to_owned())).into();
        // A migration expects notices that an object exists already.
        all.push(("client_min_messages", "warning".to_owned()));
        Self(all)
    }

    /// Nothing can be written.
    pub(super) fn read_only(mut self) -> Self {
        self.0.push(("default_transaction_read_only", "on".to_owned()));
        self
    }

    /// Sets a connection so, in one round trip. Answers why the database cannot hold every text, if it cannot.
    pub(super) async fn apply(&self, connection: &mut PgConnection) -> sqlx::Result<Option<String>> {
        let own = self.0.iter().map(|(name, value)| (*name, value.as_str()));
        let values: Vec<String> =
            own.chain(ALWAYS).map(|(name, value)| format!("('{name}', '{value}')")).collect();
        let sql = format!(
            "SELECT current_database()::text, current_setting('server_encoding')::text, \
             (SELECT count(set_config(name, value, false)) \
              FROM (VALUES {}, ('synchronous_commit', {SYNCHRONOUS_COMMIT})) AS settings (name, value) \
              WHERE current_setting(name, true) IS NOT NULL)",
            values.join(", ")
        );
        let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(connection).await?;
        let (database, encoding): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        // SQL_ASCII keeps the bytes that it is sent, and those are UTF-8.
        let holds_all = ["UTF8", "SQL_ASCII"].contains(&encoding.as_str());
        Ok((!holds_all).then(|| {
            format!(
                "the database {database} has the encoding {encoding}, which cannot hold every text; create one that can: \
                 CREATE DATABASE {database}_utf8 TEMPLATE template0 ENCODING 'UTF8'"
            )
        }))
    }

    /// Why the database cannot be used, where it is there to say so in time.
    pub(super) async fn unfit_now(&self, options: &PgConnectOptions, within: Duration) -> Option<String> {
        let asking = async {
            let mut connection = options.connect().await.ok()?;
            let unfit = self.apply(&mut connection).await.ok()?;
            // Nothing was changed over it.
            drop(connection.close().await);
            unfit
        };
        tokio::time::timeout(within, asking).await.ok()?
    }

    /// Has a pool set its connections so. The channel tells why the database cannot be used, as its last connection said.
    pub(super) fn of_pool(self, pool: PgPoolOptions) -> (PgPoolOptions, watch::Receiver<Option<String>>) {
        let (unfit, seen) = watch::channel(None);
        let unfit = std::sync::Arc::new(unfit);
        let pool = pool.after_connect(move |connection, _| {
            let (settings, unfit) = (self.clone(), std::sync::Arc::clone(&unfit));
            Box::pin(async move {
                unfit.send_replace(settings.apply(connection).await?);
                Ok(())
            })
        });
        (pool, seen)
    }
}
