//! The configuration of the worker: flags and environment, checked as a whole before anything starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use sspp_core::service::{
    BackendArgs, Backends, ConfigError, LogArgs, Logs, OtlpArgs, PipelineArgs, RetentionArgs, ServerArgs,
    Span, TraceExport,
};

/// The worker of SSPP, the Sales Signal Processing Platform: takes events from the queue on Redis, scores them, and stores
/// signals in PostgreSQL. Run as many as you like.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_worker::Config::try_parse_from(["sspp-worker", "--port", "8081"]).unwrap();
/// assert_eq!(config.address().to_string(), "127.0.0.1:8081");
/// ```
#[derive(Debug, Clone, Parser)]
#[command(name = "sspp-worker", version, long_about = None, disable_help_subcommand = true)]
pub struct Config {
    /// What to do instead of scoring events.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The port of probes and metrics; 0 picks a free one and prints it.
    #[arg(long, env = "WORKER_PORT", value_name = "WORKER_PORT", global = true, default_value_t = 3001)]
    pub port: u16,

    /// The address of probes and metrics. They hold nothing secret, but how busy you are.
    #[arg(long, env = "SSPP_BIND", value_name = "SSPP_BIND", global = true,
          default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,

    /// How many connections of probes and scrapers may be open, from 1 to 1,000,000. Where all are taken and one is idle it makes
    /// room; else more are answered 503 at once.
    #[arg(long, env = "SSPP_MAX_CONNECTIONS", value_name = "SSPP_MAX_CONNECTIONS", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// The scoring model, a TOML or (by its ending) JSON file. Without it, the built-in default model.
    #[arg(long, env = "SSPP_MODEL", value_name = "SSPP_MODEL")]
    pub model: Option<PathBuf>,

    /// How long events in hand get to finish once the process is told to stop: seconds, or with a unit.
    #[arg(long, env = "SSPP_SHUTDOWN_TIMEOUT", value_name = "SSPP_SHUTDOWN_TIMEOUT", default_value = "25s")]
    pub shutdown_timeout: Span,

    /// How long a connection may take, and which hosts it may ask for.
    #[command(flatten)]
    pub server: ServerArgs,

    /// What is logged.
    #[command(flatten)]
    pub logs: LogArgs,

    /// Where traces are exported to.
    #[command(flatten)]
    pub otlp: OtlpArgs,

    /// How the pipeline runs.
    #[command(flatten)]
    pub pipeline: PipelineArgs,

    /// For how long signals and dead letters are kept.
    #[command(flatten)]
    pub retention: RetentionArgs,

    /// Redis and PostgreSQL, and their limits.
    #[command(flatten)]
    pub backends: BackendArgs,
}

/// What else the binary can do.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_worker::Config::try_parse_from(["sspp-worker", "migrate"]).unwrap();
/// assert!(matches!(config.command, Some(sspp_worker::Command::Migrate)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Bring the schema of PostgreSQL up to this release, and say how many migrations that took.
    Migrate,
    /// Ask the worker on this port whether it is ready: ends with 0 when it is, else with 1.
    Healthcheck,
}

/// A configuration that was checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) logs: Logs,
    pub(crate) traces: TraceExport,
    pub(crate) backends: Backends,
}

impl Config {
    /// Checks what flags alone cannot say.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.checked().map(drop)
    }

    pub(crate) fn checked(&self) -> Result<Checked, ConfigError> {
        let logs = self.logs.check()?;
        let traces = self.otlp.check()?;
        let backends = self.backends.resolve()?.ok_or(ConfigError::Missing {
            missing: "REDIS_URL and DATABASE_URL",
            why: "the worker runs over Redis and PostgreSQL; without them, sspp-api alone is a whole platform",
        })?;
        Ok(Checked { logs, traces, backends })
    }

    /// Where probes and metrics are served, or a health check asks.
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
            (&[redis], "DATABASE_URL (or POSTGRES_HOST) is missing"),
            (&[database], "REDIS_URL (or REDIS_HOST) is missing"),
            (&[redis, database, "--log-level", "loud"], "LOG_LEVEL"),
            (&[redis, database, "--claim-bound", "5", "--statement-timeout", "5"], "SSPP_CLAIM_BOUND"),
        ] {
            let said = check(arguments).unwrap_err();
            assert!(said.contains(named), "{arguments:?}: {said}");
        }
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

    #[test]
    fn commands_take_what_they_need_after_their_name() {
        let migrate = ["sspp-worker", "migrate", "--database-url", "postgres://db/sspp"];
        let config = Config::try_parse_from(migrate).unwrap();
        assert_eq!(config.backends.resolve_database().unwrap().url, "postgres://db/sspp");
        let healthcheck = ["sspp-worker", "healthcheck", "--port", "9", "--bind", "::1"];
        assert_eq!(Config::try_parse_from(healthcheck).unwrap().address().to_string(), "[::1]:9");
    }
}
