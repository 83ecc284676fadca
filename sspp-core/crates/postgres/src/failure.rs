//! Errors of PostgreSQL by what they mean.

use std::time::Duration;

use sspp_engine::{FailureClass, StoreError};
use sspp_events::ModelDigest;

/// What to do about an older schema.
pub(super) const MIGRATE: &str = "run `sspp-api migrate` or `sspp-worker migrate`";

/// How a call fails: the driver's word, or ours.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the driver or the server said.
    Sql(sqlx::Error),
    /// What was read is not what any release wrote.
    Corrupt(String),
    /// The schema is older than this release, or it is at fault.
    Setup(String),
    /// The server takes no writes from us, for this reason.
    Refused(&'static str),
    /// A signal's model is not there.
    MissingModel(ModelDigest),
    /// What stood in the way was gone when it was looked at.
    Vanished,
    /// The call took too long and was given up.
    Late(Duration),
    /// A question met its own limit.
    TooBroad(Duration),
}

impl Failure {
    pub(super) fn corrupt(reason: impl std::fmt::Display) -> Self {
        Self::Corrupt(reason.to_string())
    }

    /// Whether no record can be at fault.
    pub(super) fn is_infrastructure(&self) -> bool {
        !matches!(self, Self::Sql(error) if of_sql(error).class() != FailureClass::Infrastructure)
    }

    /// The server gave up a question after the limit that it was asked with.
    pub(super) fn or_too_broad(self, limit: Duration) -> Self {
        match self.or_late(limit) {
            Self::Late(limit) => Self::TooBroad(limit),
            failure => failure,
        }
    }

    /// The server gave up a statement after its limit: then that is what is said.
    pub(super) fn or_late(self, limit: Duration) -> Self {
        match self {
            Self::Sql(sqlx::Error::Database(error))
                if error.code().is_some_and(|state| Meaning::of(&state, None) == Meaning::Timeout) =>
            {
                Self::Late(limit)
            }
            failure => failure,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<sspp_sql::Corrupt> for Failure {
    fn from(corrupt: sspp_sql::Corrupt) -> Self {
        Self::Corrupt(corrupt.0)
    }
}

/// The unique keys of the schema. Keys that an operator added are not among them.
const OUR_KEYS: [&str; 9] = [
    "signals_pkey",
    "signals_event_id",
    "dead_letters_pkey",
    "dead_letters_id",
    "type_tallies_pkey",
    "account_tallies_pkey",
    "user_tallies_pkey",
    "totals_pkey",
    "models_pkey",
];

/// What a SQLSTATE means (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Unavailable,
    Timeout,
    Contention,
    Storage,
    Setup,
    Corrupt,
    Data,
    Other,
}

impl Meaning {
    fn of(state: &str, constraint: Option<&str>) -> Self {
        match state {
            "57014" | "25P03" | "25P04" => return Self::Timeout,
            "55P03" => return Self::Contention,
            // A known id is an outcome, so running into a key of ours is no event's fault.
            "23505" if constraint.is_some_and(|name| OUR_KEYS.contains(&name)) => return Self::Contention,
            // Read-only, and no right.
            "25006" | "42501" => return Self::Storage,
            _ => {}
        }
        match state.get(..2).unwrap_or_default() {
            // 26: a pooler gave the session that knew a statement to another client. Nothing at all: only a pooler does that.
            "08" | "57" | "28" | "3D" | "26" | "" => Self::Unavailable,
            "40" => Self::Contention,
            "53" | "55" | "58" => Self::Storage,
            // 0A: a statement was prepared before the schema was changed.
            "0A" | "25" | "42" | "3F" => Self::Setup,
            "XX" => Self::Corrupt,
            "22" | "23" => Self::Data,
            _ => Self::Other,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Corrupt(reason) => Self::Corrupt { reason },
            Failure::Setup(reason) => Self::Setup { reason },
            Failure::Refused(reason) => Self::Storage { reason: reason.to_owned() },
            Failure::MissingModel(digest) => Self::MissingModel { digest },
            Failure::Vanished => Self::Contention { reason: "a row expired meanwhile".to_owned() },
            Failure::Late(after) => {
                Self::Timeout { after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
            }
            Failure::TooBroad(after) => {
                Self::TooBroad { after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
            }
            Failure::Sql(error) => of_sql(&error),
        }
    }
}

fn of_sql(error: &sqlx::Error) -> StoreError {
    let reason = error.to_string();
    match error {
        sqlx::Error::Database(inner) => {
            let state = inner.code().unwrap_or_default();
            // The driver would add a line of PostgreSQL's own sources.
            let reason = format!("{} ({state})", inner.message());
            match Meaning::of(&state, inner.constraint()) {
                Meaning::Unavailable => StoreError::Unavailable { reason },
                Meaning::Timeout => StoreError::Timeout { after_ms: 0 },
                Meaning::Contention => StoreError::Contention { reason },
                Meaning::Storage => StoreError::Storage { reason },
                Meaning::Setup => StoreError::Setup { reason: format!("{reason}; {MIGRATE}") },
                Meaning::Corrupt => StoreError::Corrupt { reason },
                Meaning::Data => StoreError::Data { reason },
                Meaning::Other => StoreError::Other { reason },
            }
        }
        sqlx::Error::PoolTimedOut => {
            StoreError::Unavailable { reason: "no connection became free in time".to_owned() }
        }
        sqlx::Error::PoolClosed => StoreError::Closed,
        sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => StoreError::Setup { reason },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
            StoreError::Corrupt { reason }
        }
        sqlx::Error::Encode(_) => StoreError::Data { reason },
        // Broken connections, and whatever a later release of the driver may add: never an event's fault.
        _ => StoreError::Unavailable { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_mean_what_the_servers_manual_says() {
        let infrastructure = [
            "08006", "57014", "57P01", "57P03", "25P03", "25006", "28P01", "3D000", "40P01", "40001",
            "42P01", "42501", "53100", "53300", "55P03", "58030", "XX001", "25P02", "55006", "42703",
            "25P04", "26000", "0A000", "57P05", "",
        ];
        for state in infrastructure {
            let meaning = Meaning::of(state, None);
            assert!(!matches!(meaning, Meaning::Data | Meaning::Other), "{state}: {meaning:?}");
        }
        for state in ["22003", "22P02", "22021", "23514", "23502"] {
            assert_eq!(Meaning::of(state, None), Meaning::Data, "{state}");
        }
        assert_eq!(Meaning::of("23505", Some("signals_event_id")), Meaning::Contention);
        assert_eq!(Meaning::of("23505", Some("added_by_an_operator")), Meaning::Data);
        assert_eq!(Meaning::of("P0001", None), Meaning::Other);
    }
}
