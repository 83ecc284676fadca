//! Settings of the queue on Redis.

use std::time::Duration;

/// Settings of the queue on Redis.
///
/// ```
/// use sspp_core::RedisConfig;
/// let config = RedisConfig { shards: 8, ..RedisConfig::new("redis://:secret@cache.example") };
/// assert!(!format!("{config:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS, `redis-cluster://` for a cluster.
    pub url: String,
    /// What every key begins with; queues of other names on the same server are apart. `sspp` by default.
    pub name: String,
    /// Over how many streams new events are spread; 4 by default. Others that were ever used are read too.
    pub shards: u16,
    /// How many jobs may be in the queue before it refuses more; 1,000,000 by default.
    pub max_backlog: u64,
    /// How long a delivery may stay unsettled and not kept before others may reclaim it; 60 seconds by default.
    pub claim_bound: Duration,
    /// How long a command may take; 2 seconds by default.
    pub command_timeout: Duration,
}

impl RedisConfig {
    /// The defaults for a server.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: "sspp".to_owned(),
            shards: 4,
            max_backlog: 1_000_000,
            claim_bound: Duration::from_mins(1),
            command_timeout: Duration::from_secs(2),
        }
    }
}

impl RedisConfig {
    pub(super) fn check(&self) -> Result<(), RedisOpenError> {
        let fault = |text: String| Err(RedisOpenError::Config(text));
        if self.name.is_empty()
            || self.name.contains(['{', '}'])
            || self.name.chars().any(char::is_whitespace)
        {
            return fault(format!("the queue's name '{}' is empty or holds braces or blanks", self.name));
        }
        let known = ["redis://", "rediss://", "redis-cluster://", "rediss-cluster://"];
        if !known.iter().any(|scheme| self.url.starts_with(scheme)) {
            return fault("the URL of Redis does not begin with redis://, rediss://, redis-cluster:// or rediss-cluster://".to_owned());
        }
        if !(1..=256).contains(&self.shards) {
            return fault(format!("{} shards: there can be 1 to 256", self.shards));
        }
        if self.max_backlog == 0 || self.claim_bound.is_zero() || self.command_timeout.is_zero() {
            return fault(
                "the backlog limit, the claim bound and the command timeout must be above zero".to_owned(),
            );
        }
        Ok(())
    }
}

impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("RedisConfig").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a queue on Redis cannot be opened.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use sspp_core::{RedisConfig, RedisEventQueue, RedisOpenError};
/// let refused = RedisEventQueue::open(RedisConfig::new("http://cache")).await.unwrap_err();
/// assert!(matches!(refused, RedisOpenError::Config(_)));
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisOpenError {
    /// The settings cannot be used.
    #[error("{0}")]
    Config(String),
}
