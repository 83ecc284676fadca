//! The settings of the server: one struct for flags and environment, checked as a whole before anything starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser};
use sspp_runtime::{
    BackendArgs, Backends, ConfigError, DatabaseArgs, LogArgs, Logs, OtlpArgs, RetentionArgs, ServerArgs,
    StartArgs, TraceExport, read_delay, read_duration,
};

use crate::http::guard::GuardArgs;
use crate::state::Settings;

/// The settings of the server. Without any it is a whole platform: one process over one SQLite file. With `DATABASE_URL` it keeps
/// everything in PostgreSQL, and any number of it may run. With `REDIS_URL` too, events go through a queue on Redis, and
/// sspp-worker scores them.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_api::Config::try_parse_from(["sspp-api", "--port", "8080"]).unwrap();
/// assert_eq!(config.port, 8080);
/// ```
#[derive(Debug, Clone, Parser)]
#[command(name = "sspp-api")]
pub struct Config {
    /// The port to listen on; 0 picks a free one and prints it.
    #[arg(short, long, env = "PORT", value_name = "PORT", default_value_t = 3000)]
    pub port: u16,

    /// The address to listen on. Anything but a loopback address needs keys, or --allow-anonymous.
    #[arg(long, env = "SSPP_BIND", value_name = "SSPP_BIND", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,

    /// The prefix of every path of the API.
    #[arg(long, env = "API_PREFIX", value_name = "API_PREFIX", default_value = "/api/v1")]
    pub api_prefix: String,

    /// How long current requests may take to finish when the process stops, such as 8s.
    #[arg(long, env = "SSPP_SHUTDOWN_TIMEOUT", value_name = "SSPP_SHUTDOWN_TIMEOUT", default_value = "8s", value_parser = read_duration)]
    pub shutdown_timeout: Duration,

    /// How long a process that was told to stop goes on accepting requests, with /ready at 503, so that load balancers stop
    /// sending them; such as 15s. `SSPP_SHUTDOWN_TIMEOUT` begins after it.
    #[arg(long, env = "SSPP_SHUTDOWN_DELAY", value_name = "SSPP_SHUTDOWN_DELAY", default_value = "0s", value_parser = read_delay)]
    pub shutdown_delay: Duration,

    /// Where everything is kept, without PostgreSQL.
    #[command(flatten)]
    pub data: DataArgs,

    /// The scoring model.
    #[command(flatten)]
    pub model: ModelArgs,

    /// Keys, rate limit, browsers.
    #[command(flatten)]
    pub guard: GuardArgs,

    /// How many connections, how long each may take, and which hosts it may ask for.
    #[command(flatten)]
    pub server: ServerArgs,

    /// How long a request's body may take to arrive, such as 30s.
    #[arg(
        long,
        help_heading = "Connections",
        env = "SSPP_REQUEST_TIMEOUT",
        value_name = "SSPP_REQUEST_TIMEOUT",
        default_value = "30s",
        value_parser = read_duration
    )]
    pub request_timeout: Duration,

    /// Retention of signals and dead letters; with Redis the workers do it.
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

/// Where everything is kept, without PostgreSQL.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_api::Config::try_parse_from(["sspp-api", "-d", "test.db"]).unwrap();
/// assert_eq!(config.data.path(), std::path::Path::new("test.db"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct DataArgs {
    /// The path of the SQLite file that holds everything, not a URI, and not together with `DATABASE_URL`; the file is created if it
    /// does not exist. ./sspp.db by default.
    #[arg(short, long, env = "SSPP_DATA", value_name = "SSPP_DATA")]
    pub data: Option<PathBuf>,
}

impl DataArgs {
    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new("./sspp.db"))
    }

    /// Refuses a file beside a database: one of the two would be left out silently.
    pub(crate) fn check_beside(
        &self,
        backends: Backends,
        database: &DatabaseArgs,
    ) -> Result<Backends, ConfigError> {
        match (&self.data, backends) {
            (None, backends) | (Some(_), backends @ Backends::Sqlite) => Ok(backends),
            (Some(path), _) => {
                Err(ConfigError::FileAndDatabase { path: path.clone(), database: database.named() })
            }
        }
    }
}

/// The scoring model.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ModelArgs {
    /// The scoring model, a TOML or (by its ending) JSON file. Without it, the built-in default model.
    #[arg(short, long, env = "SSPP_MODEL", value_name = "SSPP_MODEL")]
    pub model: Option<PathBuf>,
}

/// A configuration that was checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) logs: Logs,
    pub(crate) traces: TraceExport,
    pub(crate) backends: Backends,
    pub(crate) settings: Settings,
}

impl Config {
    /// Checks what flags alone cannot say.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.checked().map(drop)
    }

    pub(crate) fn checked(&self) -> Result<Checked, ConfigError> {
        let keys = self.guard.api_keys()?;
        if self.guard.allow_anonymous && !keys.is_empty() {
            return Err(ConfigError::KeysAndAnonymous);
        }
        if keys.is_empty() && !self.bind.is_loopback() && !self.guard.allow_anonymous {
            return Err(ConfigError::OpenToAnyone { address: self.bind });
        }
        let prefix = prefix(&self.api_prefix).map_err(|reason| ConfigError::Invalid {
            flag: "--api-prefix",
            variable: "API_PREFIX",
            value: self.api_prefix.clone(),
            reason,
        })?;
        let (logs, traces) = (self.logs.check()?, self.otlp.check()?);
        let backends = self.data.check_beside(self.backends.resolve()?, &self.backends.store.database)?;
        let settings = Settings {
            prefix,
            queue_name: self.backends.queue.queue_name.clone(),
            body_timeout: self.request_timeout,
            // SQLite has one writer; on PostgreSQL one commit fills while the other waits for the disk.
            commits: if matches!(backends, Backends::Postgres(_)) { 2 } else { 1 },
            keys: Arc::new(keys),
            allowed_hosts: self.server.allowed_hosts.clone(),
            rate_limit: self.guard.limit()?,
            trusted_proxies: self.guard.trusted_proxies.clone(),
            cors: self.guard.cors_origins.clone(),
            ..Settings::default()
        };
        Ok(Checked { logs, traces, backends, settings })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }
}

/// Where a file is, as a person would look for it.
pub(crate) fn full_path(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// `api/v1`, `/api/v1` and `/api/v1/` are the same; empty is allowed.
fn prefix(text: &str) -> Result<String, String> {
    let trimmed = text.trim_matches('/');
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    if trimmed.is_empty() {
        return Ok(String::new());
    }
    if !trimmed.split('/').all(|part| !part.is_empty() && part.chars().all(allowed)) {
        return Err("should be a path of letters, digits, '-', '_', '.' and '~', such as /api/v1".to_owned());
    }
    Ok(format!("/{trimmed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Config {
        Config::try_parse_from([&["sspp-api"], arguments].concat()).unwrap()
    }

    #[test]
    fn prefixes_are_written_one_way() {
        for (given, kept) in [("api/v1", "/api/v1"), ("/api/v1/", "/api/v1"), ("/", ""), ("", "")] {
            assert_eq!(prefix(given).as_deref(), Ok(kept));
        }
        for bad in ["a//b", "a b", "{id}", ":id", "a?b", "*"] {
            assert!(prefix(bad).is_err(), "{bad}");
        }
    }

    type Length = fn(&Config) -> Duration;

    #[test]
    fn every_length_of_time_is_written_alike() {
        let lengths: [(&str, Length); 6] = [
            ("--request-timeout", |config| config.request_timeout),
            ("--shutdown-timeout", |config| config.shutdown_timeout),
            ("--shutdown-delay", |config| config.shutdown_delay),
            ("--header-timeout", |config| config.server.header_timeout),
            ("--idle-timeout", |config| config.server.idle_timeout),
            ("--statement-timeout", |config| config.backends.store.statement_timeout),
        ];
        for (flag, length) in lengths {
            for (text, millis) in [("30s", 30_000), ("45", 45_000), ("250ms", 250), ("1h30m", 5_400_000)] {
                let read = length(&config(&[flag, text]));
                assert_eq!(read, Duration::from_millis(millis), "{flag} {text}");
            }
            assert!(Config::try_parse_from(["sspp-api", flag, "30x"]).is_err(), "{flag}");
        }
    }

    #[test]
    fn what_cannot_be_served_is_refused_by_name() {
        assert_eq!(config(&[]).check(), Ok(()));
        assert_eq!(config(&["--bind", "::1"]).check(), Ok(()));
        assert_eq!(config(&["--shutdown-delay", "0"]).shutdown_delay, Duration::ZERO);
        assert!(config(&["--bind", "0.0.0.0"]).check().is_err());
        assert_eq!(config(&["--bind", "0.0.0.0", "--allow-anonymous"]).check(), Ok(()));
        let keys = format!("a:read:{}", "0f".repeat(32));
        assert_eq!(config(&["--bind", "0.0.0.0", "--api-keys", &keys]).check(), Ok(()));
        let both = config(&["--api-keys", &keys, "--allow-anonymous"]).check();
        assert_eq!(both, Err(ConfigError::KeysAndAnonymous));
        let none =
            config(&["--bind", "0.0.0.0", "--api-keys", " # a:read:00 "]).check().unwrap_err().to_string();
        assert!(none.contains("SSPP_API_KEYS") && none.contains("no key"), "{none}");
        for (arguments, named) in [
            (["--log-level", "loud=very=much"], "LOG_LEVEL"),
            (["--queue-name", ""], "QUEUE_NAME"),
            (["--rate-limit-burst", "5"], "SSPP_RATE_LIMIT"),
            (["--api-prefix", "a b"], "API_PREFIX"),
            (["--redis-url", "redis://cache"], "DATABASE_URL"),
        ] {
            assert!(config(&arguments).check().unwrap_err().to_string().contains(named), "{named}");
        }
    }

    #[test]
    fn what_is_named_decides_the_shape() {
        let database = ["--database-url", "postgres://db/sspp"];
        let Checked { backends, settings, .. } = config(&database).checked().unwrap();
        assert!(matches!(backends, Backends::Postgres(_)) && settings.commits == 2);
        let queued = config(&[&database[..], &["--redis-url", "redis://cache"]].concat()).checked().unwrap();
        assert!(matches!(queued.backends, Backends::RedisAndPostgres(..)));
        let Checked { backends, settings, .. } = config(&["--data", "x.db"]).checked().unwrap();
        assert!(matches!(backends, Backends::Sqlite) && settings.commits == 1);
        let both = config(&[&database[..], &["--data", "x.db"]].concat()).check().unwrap_err().to_string();
        assert!(both.contains("x.db") && both.contains("DATABASE_URL"), "{both}");
    }
}
