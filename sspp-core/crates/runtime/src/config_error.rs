//! Why a configuration cannot be started with.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use humantime::format_duration;

/// Why a configuration cannot be started with; every message names the flag and the variable, and none shows a password.
///
/// ```
/// use sspp_runtime::ConfigError;
/// let error = ConfigError::QueueAlone { set: "REDIS_URL" };
/// assert!(error.to_string().starts_with("REDIS_URL is set, but DATABASE_URL"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A queue without a store.
    #[error(
        "{set} is set, but DATABASE_URL (or POSTGRES_HOST) is missing: the queue on Redis needs PostgreSQL behind it; add \
         DATABASE_URL, or leave {set} out (PostgreSQL alone needs no Redis, and with neither sspp-api keeps everything in one \
         SQLite file)"
    )]
    QueueAlone {
        /// What is set.
        set: &'static str,
    },
    /// Parts of an address without the rest.
    #[error("{set} is set, but {missing} is missing")]
    Incomplete {
        /// What is set.
        set: &'static str,
        /// What is missing.
        missing: &'static str,
    },
    /// Nothing says where the dependencies are.
    #[error("set {missing}: {why}")]
    Missing {
        /// What is missing.
        missing: &'static str,
        /// What needs it.
        why: &'static str,
    },
    /// Two settings that say the same thing.
    #[error("both {first} and {second} are set: unset one of them")]
    Contradiction {
        /// One.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A claim would end before the work on it must.
    #[error(
        "--claim-bound (SSPP_CLAIM_BOUND) is {claim_bound}, which does not exceed --statement-timeout (SSPP_STATEMENT_TIMEOUT), {statement_timeout}: another worker would take over events whose statement still runs; raise --claim-bound or lower --statement-timeout",
        claim_bound = format_duration(*claim_bound), statement_timeout = format_duration(*statement_timeout)
    )]
    ClaimBound {
        /// How long a claim lasts.
        claim_bound: Duration,
        /// How long a statement may take.
        statement_timeout: Duration,
    },
    /// A value that cannot be used.
    #[error("{flag} ({variable}) is {value:?}: {reason}")]
    Invalid {
        /// The flag.
        flag: &'static str,
        /// The variable.
        variable: &'static str,
        /// What was given.
        value: String,
        /// What it should be.
        reason: String,
    },
    /// A value that cannot be used and that may hold a password, so that it is not shown.
    #[error("{flag} ({variable}) cannot be used: {reason}")]
    InvalidSecret {
        /// The flag.
        flag: &'static str,
        /// The variable.
        variable: &'static str,
        /// What it should be.
        reason: String,
    },
    /// A data file beside a database.
    #[error(
        "--data (SSPP_DATA) names the file {path}, and {database} names PostgreSQL: leave out one of them",
        path = path.display()
    )]
    FileAndDatabase {
        /// The file.
        path: PathBuf,
        /// The variable that names the database.
        database: &'static str,
    },
    /// Any host could reach the API without a key.
    #[error(
        "--bind {address} (SSPP_BIND) is not a loopback address, and anyone who reaches it could read and write: \
         set keys with SSPP_API_KEYS or SSPP_API_KEYS_FILE (`sspp-api keygen --name NAME` makes one), bind to 127.0.0.1, or \
         pass --allow-anonymous (SSPP_ALLOW_ANONYMOUS=true) behind a gateway that authenticates clients"
    )]
    OpenToAnyone {
        /// The address.
        address: IpAddr,
    },
    /// Keys, and a setting that asks for none.
    #[error(
        "--allow-anonymous (SSPP_ALLOW_ANONYMOUS) accepts requests without a key, but keys are set too (SSPP_API_KEYS, SSPP_API_KEYS_FILE): leave out one of them"
    )]
    KeysAndAnonymous,
}
