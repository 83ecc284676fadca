//! The queue and the store of a deployment, and their limits.

use std::time::Duration;

use clap::Args;

use super::{ConfigError, DatabaseArgs, RedisArgs, cli::check_queue_name, read_duration};
use sspp_postgres::PgConfig;
use sspp_redis::RedisConfig;

/// Redis and PostgreSQL, and their limits. Without either, one SQLite file is used; PostgreSQL alone needs no Redis.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     backends: sspp_runtime::BackendArgs,
/// }
/// let urls = ["x", "--redis-url", "redis://cache", "--database-url", "postgres://db/sspp"];
/// let backends = Config::parse_from(urls).backends.resolve().unwrap();
/// assert!(matches!(backends, sspp_runtime::Backends::RedisAndPostgres(redis, _) if redis.name == "sspp:events"));
/// let backends = Config::parse_from(["x"]).backends.resolve().unwrap();
/// assert!(matches!(backends, sspp_runtime::Backends::Sqlite));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BackendArgs {
    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisArgs,

    /// The queue on Redis.
    #[command(flatten)]
    pub queue: QueueArgs,

    /// The store on PostgreSQL.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// The queue's name and limits, where there is Redis.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Queue on Redis")]
pub struct QueueArgs {
    /// The queue's name: in metrics, and in the keys on Redis, which begin with `sspp:` and this name.
    #[arg(long, env = "QUEUE_NAME", value_name = "QUEUE_NAME", default_value = QueueArgs::DEFAULT_NAME)]
    pub queue_name: String,

    /// The number of Redis streams that hold new events.
    #[arg(long, env = "SSPP_QUEUE_SHARDS", value_name = "SSPP_QUEUE_SHARDS", default_value_t = QueueArgs::DEFAULT_SHARDS,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub queue_shards: u16,

    /// The maximum number of events in the queue; more are refused with a 503.
    #[arg(long, env = "SSPP_MAX_BACKLOG", value_name = "SSPP_MAX_BACKLOG", default_value_t = QueueArgs::DEFAULT_BACKLOG,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub max_backlog: u64,
}

impl QueueArgs {
    const DEFAULT_NAME: &str = "events";
    const DEFAULT_SHARDS: u16 = 4;
    const DEFAULT_BACKLOG: u64 = 1_000_000;

    /// The variables of the settings that are not at their defaults.
    ///
    /// ```
    /// use clap::Parser as _;
    /// #[derive(clap::Parser)]
    /// struct Config {
    ///     #[command(flatten)]
    ///     queue: sspp_runtime::QueueArgs,
    /// }
    /// let config = Config::parse_from(["x", "--queue-name", "jobs"]);
    /// assert_eq!(config.queue.changed(), ["QUEUE_NAME"]);
    /// ```
    pub fn changed(&self) -> Vec<&'static str> {
        let settings = [
            ("QUEUE_NAME", self.queue_name != Self::DEFAULT_NAME),
            ("SSPP_QUEUE_SHARDS", self.queue_shards != Self::DEFAULT_SHARDS),
            ("SSPP_MAX_BACKLOG", self.max_backlog != Self::DEFAULT_BACKLOG),
        ];
        settings.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
    }
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
    /// Refuse to start on a Redis or a PostgreSQL that may lose acknowledged events; the message says why. Without Redis,
    /// PostgreSQL is what acknowledges events: it has to say within 30 seconds that it is durable.
    #[arg(long, env = "SSPP_REQUIRE_DURABLE_QUEUE", value_name = "SSPP_REQUIRE_DURABLE_QUEUE")]
    pub require_durable_queue: bool,

    /// Bring the schema of PostgreSQL up to this release at start, as the command `migrate` does.
    #[arg(long, env = "SSPP_MIGRATE", value_name = "SSPP_MIGRATE")]
    pub migrate: bool,
}

/// The shape of a deployment: what it runs on.
#[derive(Debug, Clone)]
pub enum Backends {
    /// Nothing is named: one process over one SQLite file. Intake is direct.
    Sqlite,
    /// PostgreSQL alone: any number of processes, and no worker. Intake is direct.
    Postgres(PgConfig),
    /// A queue on Redis, and workers that score into PostgreSQL. Intake is queued.
    RedisAndPostgres(RedisConfig, PgConfig),
}

impl BackendArgs {
    /// What is to be used.
    pub fn resolve(&self) -> Result<Backends, ConfigError> {
        let Self { redis, queue, store } = self;
        check_queue_name(&queue.queue_name)?;
        match (redis.url()?, store.resolve()?) {
            (None, None) => Ok(Backends::Sqlite),
            (None, Some(postgres)) => Ok(Backends::Postgres(postgres)),
            (Some(_), None) => Err(ConfigError::QueueAlone { set: redis.named() }),
            (Some(url), Some(postgres)) => {
                let redis = RedisConfig {
                    name: format!("sspp:{}", queue.queue_name),
                    shards: queue.queue_shards,
                    max_backlog: queue.max_backlog,
                    ..RedisConfig::new(url.expose())
                };
                Ok(Backends::RedisAndPostgres(redis, postgres))
            }
        }
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
