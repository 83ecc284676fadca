//! Errors of SQLite by what they mean.

use super::config::QUESTION_LIMIT;
use sspp_engine::StoreError;

/// What went wrong, as far as callers need to know. Unlike the driver's errors it can be cloned, for several callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) reason: String,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// Another connection has the lock that is needed.
    Busy,
    /// The disk is full, fails, or may not be written.
    Storage,
    /// The file, or its log, is not where it was.
    Moved,
    /// The file cannot be opened or its connection broke.
    Unavailable,
    /// No connection came free in time.
    Timeout,
    /// A table or column is missing.
    Setup,
    /// The file is damaged, or holds what no release wrote.
    Corrupt,
    /// The content of a row was refused.
    Data,
    /// A question met its limit.
    Interrupted,
    /// The database was closed.
    Closed,
}

/// How long a reader waits for a connection, in milliseconds.
pub(super) const ACQUIRE_TIMEOUT_MS: u64 = 5_000;

impl Failure {
    pub(super) fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// What was read is not what was written.
    pub(super) fn corrupt(reason: impl std::fmt::Display) -> Self {
        Self::new(FailureKind::Corrupt, reason.to_string())
    }

    pub(super) fn closed() -> Self {
        Self::new(FailureKind::Closed, "closed")
    }
}

impl FailureKind {
    /// The kind of a primary result code (<https://www.sqlite.org/rescode.html>).
    pub(super) const fn of_code(code: i32) -> Self {
        if matches!(code, 1_555 | 2_067) {
            // CONSTRAINT_PRIMARYKEY and CONSTRAINT_UNIQUE: no event's fault, since a known event id is no error.
            return Self::Corrupt;
        }
        match code & 0xff {
            5 | 6 | 17 => Self::Busy,              // BUSY, LOCKED, SCHEMA
            7 | 8 | 10 | 13 | 22 => Self::Storage, // NOMEM, READONLY, IOERR, FULL, NOLFS
            11 | 26 => Self::Corrupt,              // CORRUPT, NOTADB
            1 => Self::Setup,                      // ERROR: a statement does not fit the schema
            9 => Self::Interrupted,                // INTERRUPT
            18..=20 => Self::Data,                 // TOOBIG, CONSTRAINT, MISMATCH
            _ => Self::Unavailable,                // CANTOPEN, PERM, PROTOCOL, MISUSE …
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Database(inner) => {
                let code = inner.code().and_then(|code| code.parse().ok()).unwrap_or_default();
                FailureKind::of_code(code)
            }
            sqlx::Error::PoolTimedOut => FailureKind::Timeout,
            sqlx::Error::PoolClosed => FailureKind::Closed,
            sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. } => FailureKind::Setup,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
                FailureKind::Corrupt
            }
            sqlx::Error::Encode(_) => FailureKind::Data,
            // Broken connections, and whatever a later release of the driver may add.
            _ => FailureKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<sspp_sql::Corrupt> for Failure {
    fn from(corrupt: sspp_sql::Corrupt) -> Self {
        Self::corrupt(corrupt.0)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let reason = failure.reason;
        match failure.kind {
            FailureKind::Busy => Self::Contention { reason },
            FailureKind::Storage | FailureKind::Moved => Self::Storage { reason },
            FailureKind::Unavailable => Self::Unavailable { reason },
            FailureKind::Timeout => Self::Timeout { after_ms: ACQUIRE_TIMEOUT_MS },
            FailureKind::Setup => Self::Setup { reason },
            FailureKind::Corrupt => Self::Corrupt { reason },
            FailureKind::Data => Self::Data { reason },
            FailureKind::Interrupted => {
                Self::TooBroad { after_ms: u64::try_from(QUESTION_LIMIT.as_millis()).unwrap_or(u64::MAX) }
            }
            FailureKind::Closed => Self::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sspp_engine::FailureClass;

    #[test]
    fn only_refused_content_is_of_class_data() {
        for code in 1..=28 {
            let failure = Failure::new(FailureKind::of_code(code), "x");
            let data = matches!(code, 18..=20);
            let class = StoreError::from(failure).class();
            assert_eq!(class == FailureClass::Data, data, "code {code}");
        }
    }

    #[test]
    fn extended_codes_are_of_their_primary_kind() {
        assert_eq!(FailureKind::of_code(275), FailureKind::Data); // CONSTRAINT_CHECK
        assert_eq!(FailureKind::of_code(1_555), FailureKind::Corrupt); // CONSTRAINT_PRIMARYKEY
        assert_eq!(FailureKind::of_code(517), FailureKind::Busy); // BUSY_SNAPSHOT
        assert_eq!(FailureKind::of_code(778), FailureKind::Storage); // IOERR_WRITE
        assert_eq!(FailureKind::of_code(1_032), FailureKind::Storage); // READONLY_DBMOVED
    }
}
