//! The predecessor's table of signals, read in the order of its ids.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use super::place::Place;
use super::{PgConfig, PgOpenError};

/// How long it is tried to connect.
const CONNECT: Duration = Duration::from_secs(5);

sspp_sql::row! {
    /// A row of the predecessor's `sales_signals`, as it was written.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct LegacySignal {
        /// Its number.
        pub id: i64,
        /// The account, or nothing.
        pub account_id: Option<String>,
        /// The user, or nothing.
        pub user_id: Option<String>,
        /// What happened.
        pub event_type: Option<String>,
        /// The kind of signal.
        pub signal_type: Option<String>,
        /// What it was worth, as a decimal number.
        pub signal_score: Option<String>,
        /// When it happened; one without a zone is in UTC.
        pub timestamp: Option<DateTime<Utc>>,
        /// When it was scored; one without a zone is in UTC.
        pub processed_at: Option<DateTime<Utc>>,
        /// What else was said: the text of a JSON value.
        pub metadata: Option<String>,
    }
}

/// A reader of the predecessor's database. It writes nothing there.
#[derive(Debug)]
pub struct LegacySignals {
    connection: PgConnection,
    place: String,
}

/// Why the predecessor's table cannot be read.
///
/// ```
/// let error = sspp_core::LegacyError::NoTable { place: "PostgreSQL at old-db:5432, database sales".to_owned() };
/// assert_eq!(error.to_string(), "there is no table sales_signals in PostgreSQL at old-db:5432, database sales");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// Its database has no such table: another database, perhaps.
    #[error("there is no table sales_signals in {place}")]
    NoTable {
        /// The server and the database.
        place: String,
    },
    /// The database says why.
    #[error("{place}: {reason}")]
    Failed {
        /// The server and the database.
        place: String,
        /// What it said.
        reason: String,
    },
}

/// Casts, since the table was made with several types over time; the zone of the session is UTC.
const READ: &str = "\
    SELECT id::bigint AS id, account_id::text, user_id::text, event_type::text, signal_type::text, \
        signal_score::text, \"timestamp\"::timestamptz AS timestamp, processed_at::timestamptz, metadata::text \
    FROM sales_signals WHERE id > $1 ORDER BY sales_signals.id LIMIT $2";

impl LegacySignals {
    /// Connects to the predecessor's database.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use sspp_core::LegacySignals;
    /// let mut legacy = LegacySignals::connect("postgres://sspp:secret@old-db/sales").await?;
    /// for row in legacy.after(0, 500).await? {
    ///     println!("{} {:?}", row.id, row.signal_score);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(url: &str) -> Result<Self, PgOpenError> {
        let config = PgConfig::new(url);
        let named = config.place()?;
        let place = Place::new(config.connect_options()?);
        let mut connection = place.connect(CONNECT).await.map_err(PgOpenError::Unreachable)?;
        // The database may have any encoding: texts are converted as they are read.
        let set = config.settings().read_only().apply(&mut connection).await;
        set.map_err(|error| PgOpenError::Unreachable(place.unreachable(&error)))?;
        Ok(Self { connection, place: named })
    }

    /// How many rows have a higher id than this.
    pub async fn count_after(&mut self, id: i64) -> Result<u64, LegacyError> {
        let sql = "SELECT count(*) FROM sales_signals WHERE id > $1";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(id);
        let count =
            query.fetch_one(&mut self.connection).await.map_err(|error| failed(&self.place, &error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Rows of higher ids than this, the lowest first.
    pub async fn after(&mut self, id: i64, limit: u32) -> Result<Vec<LegacySignal>, LegacyError> {
        let query = sqlx::query_as(READ).bind(id).bind(i64::from(limit));
        query.fetch_all(&mut self.connection).await.map_err(|error| failed(&self.place, &error))
    }

    /// Ends the connection.
    pub async fn close(self) {
        // Nothing was changed over it.
        drop(self.connection.close().await);
    }
}

fn failed(place: &str, error: &sqlx::Error) -> LegacyError {
    let place = place.to_owned();
    match error {
        sqlx::Error::Database(error) if error.code().as_deref() == Some("42P01") => {
            LegacyError::NoTable { place }
        }
        sqlx::Error::Database(error) => LegacyError::Failed { place, reason: error.message().to_owned() },
        error => LegacyError::Failed { place, reason: error.to_string() },
    }
}
