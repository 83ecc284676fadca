//! Settings of the queue on Redis.

use std::time::Duration;

/// Settings of the queue on Redis.
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

impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("RedisConfig").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a queue on Redis cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisOpenError {
    /// The settings cannot be used.
    #[error("{0}")]
    Config(String),
}
