//! The settings of the worker: flags and environment, checked as a whole before anything starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sspp_core::{PgConfig, RedisConfig};
use sspp_runtime::{
    BackendArgs, Backends, ConfigError, LogArgs, Logs, OtlpArgs, RetentionArgs, ServerArgs, StartArgs,
    TraceExport, read_duration,
};

use crate::pipeline_args::PipelineArgs;

/// The settings of the worker.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_worker::Config::try_parse_from(["sspp-worker", "--port", "8081"]).unwrap();
/// assert_eq!(config.address().to_string(), "127.0.0.1:8081");
/// ```
#[derive(Debug, Clone, Parser)]
#[command(name = "sspp-worker", mut_arg("max_connections", |arg| arg.default_value("256")))]
pub struct Config {
    /// The port of probes and metrics; 0 picks a free one and prints it.
    #[arg(short, long, env = "WORKER_PORT", value_name = "WORKER_PORT", default_value_t = 3001)]
    pub port: u16,

    /// The address of probes and metrics. They show no secrets, only how busy the platform is.
    #[arg(long, env = "SSPP_BIND", value_name = "SSPP_BIND", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,

    /// How long current events may take to finish when the process stops, such as 25s.
    #[arg(long, env = "SSPP_SHUTDOWN_TIMEOUT", value_name = "SSPP_SHUTDOWN_TIMEOUT", default_value = "25s", value_parser = read_duration)]
    pub shutdown_timeout: Duration,

    /// The scoring model, a TOML or (by its ending) JSON file. Without it, the built-in default model.
    #[arg(short, long, env = "SSPP_MODEL", value_name = "SSPP_MODEL")]
    pub model: Option<PathBuf>,

    /// How many connections, how long each may take, and which hosts it may ask for.
    #[command(flatten)]
    pub server: ServerArgs,

    /// How the pipeline runs.
    #[command(flatten)]
    pub pipeline: PipelineArgs,

    /// Retention of signals and dead letters.
    #[command(flatten)]
    pub retention: RetentionArgs,

    /// Redis and PostgreSQL, and their limits.
    #[command(flatten)]
    pub backends: BackendArgs,

    /// Checks and migration at start.
    #[command(flatten)]
    pub start: StartArgs,

    /// What is logged.
    #[command(flatten)]
    pub logs: LogArgs,

    /// Where traces are exported to.
    #[command(flatten)]
    pub otlp: OtlpArgs,
}

/// A configuration that was checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) logs: Logs,
    pub(crate) traces: TraceExport,
    pub(crate) redis: RedisConfig,
    pub(crate) postgres: PgConfig,
}

impl Config {
    /// Checks what flags alone cannot say.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.checked().map(drop)
    }

    pub(crate) fn checked(&self) -> Result<Checked, ConfigError> {
        let logs = self.logs.check()?;
        let traces = self.otlp.check()?;
        let missing = |missing, why| Err(ConfigError::Missing { missing, why });
        let resolved = match self.backends.resolve() {
            // The advice for sspp-api, to leave Redis out, is none for a worker.
            Err(ConfigError::QueueAlone { .. }) => {
                let why = "a worker stores signals in PostgreSQL";
                return missing("DATABASE_URL (or POSTGRES_HOST, POSTGRES_USER and POSTGRES_DB)", why);
            }
            resolved => resolved?,
        };
        let (mut redis, postgres) = match resolved {
            Backends::RedisAndPostgres(redis, postgres) => (redis, postgres),
            Backends::Postgres(_) => {
                let why = "a worker takes events from Redis; with PostgreSQL alone, sspp-api scores and no worker is needed";
                return missing("REDIS_URL", why);
            }
            Backends::Sqlite => {
                let why = "the worker needs Redis and PostgreSQL; without Redis, run sspp-api alone";
                return missing("REDIS_URL and DATABASE_URL", why);
            }
        };
        self.pipeline.limit_claims(&mut redis, &postgres)?;
        Ok(Checked { logs, traces, redis, postgres })
    }

    /// Where probes and metrics are served.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str]) -> Result<(), String> {
        let config = Config::try_parse_from([&["sspp-worker"], arguments].concat()).unwrap();
        config.check().map_err(|error| error.to_string())
    }

    #[test]
    fn both_dependencies_are_needed() {
        let (redis, database) = ("--redis-url=redis://cache", "--database-url=postgres://db/sspp");
        assert_eq!(check(&[redis, database]), Ok(()));
        for (arguments, named) in [
            (&[][..], "REDIS_URL and DATABASE_URL"),
            (&[redis], "set DATABASE_URL (or POSTGRES_HOST, POSTGRES_USER and POSTGRES_DB): a worker stores"),
            (&[database], "no worker is needed"),
            (&[redis, database, "--log-level", "loud"], "LOG_LEVEL"),
            (&[redis, database, "--claim-bound", "5", "--statement-timeout", "5"], "SSPP_CLAIM_BOUND"),
        ] {
            let said = check(arguments).unwrap_err();
            assert!(said.contains(named), "{arguments:?}: {said}");
        }
    }

    #[test]
    fn the_limit_of_a_claim_reaches_the_queue() {
        let arguments = [
            "--redis-url=redis://cache",
            "--database-url=postgres://db/sspp",
            "--claim-bound=2",
            "--statement-timeout=1",
        ];
        let config = Config::try_parse_from([&["sspp-worker"], &arguments[..]].concat()).unwrap();
        let redis = config.checked().unwrap().redis;
        assert_eq!(redis.claim_bound, Duration::from_secs(2));
        assert!(redis.command_timeout * 3 <= redis.claim_bound);
    }

    #[test]
    fn what_expires_is_configuration() {
        let config = |arguments: &[&str]| Config::try_parse_from([&["sspp-worker"], arguments].concat());
        assert!(config(&[]).unwrap().retention.retention().is_off());
        let set = config(&["--retain-signals", "90d", "--retain-dead-letters", "30d"]).unwrap();
        assert!(!set.retention.retention().is_off());
        let said = config(&["--retain-signals", "1h"]).unwrap_err().to_string();
        assert!(said.contains("SSPP_RETAIN_SIGNALS") && said.contains("at least a day"), "{said}");
    }
}
