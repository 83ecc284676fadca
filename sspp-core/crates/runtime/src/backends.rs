//! The queue and the store of a deployment, and their limits.

use std::time::Duration;

use clap::Args;

use super::{ConfigError, DatabaseArgs, RedisArgs, cli::check_queue_name, read_duration};
use sspp_postgres::PgConfig;
use sspp_redis::RedisConfig;

/// Redis and PostgreSQL, and their limits.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     backends: sspp_runtime::BackendArgs,
/// }
/// let urls = ["x", "--redis-url", "redis://cache", "--database-url", "postgres://db/sspp"];
/// let backends = Config::parse_from(urls).backends.resolve().unwrap().unwrap();
/// assert_eq!(backends.redis.name, "sspp:events");
/// assert!(Config::parse_from(["x"]).backends.resolve().unwrap().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BackendArgs {
    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisArgs,

    /// The queue, on Redis or in the data file.
    #[command(flatten)]
    pub queue: QueueArgs,

    /// The store on PostgreSQL.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// The queue's name and limits.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Queue")]
pub struct QueueArgs {
    /// The queue's name: in metrics, and in the keys on Redis, which begin with `sspp:` and this name.
    #[arg(long, env = "QUEUE_NAME", value_name = "QUEUE_NAME", default_value = "events")]
    pub queue_name: String,

    /// The number of Redis streams that hold new events.
    #[arg(long, env = "SSPP_QUEUE_SHARDS", value_name = "SSPP_QUEUE_SHARDS", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub queue_shards: u16,

    /// The maximum number of events in the queue; more are refused with a 503.
    #[arg(long, env = "SSPP_MAX_BACKLOG", value_name = "SSPP_MAX_BACKLOG", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub max_backlog: u64,
}

/// How long a process that takes events out of the queue may hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
#[command(next_help_heading = "Queue")]
pub struct ClaimArgs {
    /// How long a worker may hold an event without renewing its claim before another worker takes it over, such as 60s. Must
    /// exceed `SSPP_STATEMENT_TIMEOUT`.
    #[arg(long, env = "SSPP_CLAIM_BOUND", value_name = "SSPP_CLAIM_BOUND", default_value = "60s", value_parser = read_duration)]
    pub claim_bound: Duration,
}

/// The store on PostgreSQL, and its limits.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "PostgreSQL")]
pub struct StoreArgs {
    /// Where PostgreSQL is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// The maximum number of connections to PostgreSQL.
    #[arg(long, env = "SSPP_DATABASE_CONNECTIONS", value_name = "SSPP_DATABASE_CONNECTIONS", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub database_connections: u32,

    /// The time limit of a statement on PostgreSQL, such as 10s.
    #[arg(
        long,
        env = "SSPP_STATEMENT_TIMEOUT",
        value_name = "SSPP_STATEMENT_TIMEOUT",
        default_value = "10s",
        value_parser = read_duration
    )]
    pub statement_timeout: Duration,
}

/// What a process that serves does with Redis and PostgreSQL before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "At start")]
pub struct StartArgs {
    /// Refuse to start on a Redis or a PostgreSQL that may lose acknowledged events; the message says why.
    #[arg(long, env = "SSPP_REQUIRE_DURABLE_QUEUE", value_name = "SSPP_REQUIRE_DURABLE_QUEUE")]
    pub require_durable_queue: bool,

    /// Bring the schema of PostgreSQL up to this release at start, as `sspp-worker migrate` does.
    #[arg(long, env = "SSPP_MIGRATE", value_name = "SSPP_MIGRATE")]
    pub migrate: bool,
}

/// A checked choice of Redis and PostgreSQL.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Backends {
    /// The queue.
    pub redis: RedisConfig,
    /// The store.
    pub postgres: PgConfig,
}

impl BackendArgs {
    /// What a process that serves or scores is to use, with the limit of its claims.
    pub fn resolve_with(&self, claims: &ClaimArgs) -> Result<Option<Backends>, ConfigError> {
        let Some(mut backends) = self.resolve()? else { return Ok(None) };
        let (claim_bound, statement_timeout) = (claims.claim_bound, self.store.statement_timeout);
        if claim_bound <= statement_timeout {
            return Err(ConfigError::ClaimBound { claim_bound, statement_timeout });
        }
        let redis = &mut backends.redis;
        redis.claim_bound = claim_bound;
        // A claim is renewed every third of the bound: a command must be over by then.
        redis.command_timeout = redis.command_timeout.min(redis.claim_bound / 3);
        Ok(Some(backends))
    }

    /// What is to be used; `None` when neither Redis nor PostgreSQL is named.
    pub fn resolve(&self) -> Result<Option<Backends>, ConfigError> {
        let Self { redis, queue, store } = self;
        check_queue_name(&queue.queue_name)?;
        let half = |set, missing| Err(ConfigError::Half { set, missing });
        let (redis, postgres) = match (redis.url()?, store.resolve()?) {
            (Some(redis), Some(postgres)) => (redis, postgres),
            (None, None) => return Ok(None),
            (Some(_), None) => return half(redis.named(), "DATABASE_URL (or POSTGRES_HOST)"),
            (None, Some(_)) => return half(store.database.named(), "REDIS_URL (or REDIS_HOST)"),
        };
        let redis = RedisConfig {
            name: format!("sspp:{}", queue.queue_name),
            shards: queue.queue_shards,
            max_backlog: queue.max_backlog,
            ..RedisConfig::new(redis.expose())
        };
        Ok(Some(Backends { redis, postgres }))
    }
}

impl StoreArgs {
    /// The store; `None` when no PostgreSQL is named.
    pub fn resolve(&self) -> Result<Option<PgConfig>, ConfigError> {
        let url = self.database.url()?;
        Ok(url.map(|url| PgConfig {
            connections: self.database_connections,
            statement_timeout: self.statement_timeout,
            ..PgConfig::new(url.expose())
        }))
    }
}

#[cfg(test)]
#[path = "backends_tests.rs"]
mod tests;
