//! The configuration: one struct for flags and environment, checked as a whole before anything starts.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The HTTP API of SSPP, the Sales Signal Processing Platform. Without arguments it is a whole platform: API and pipeline in
/// one process over one SQLite file.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_api::Config::try_parse_from(["sspp-api", "--port", "8080"]).unwrap();
/// assert_eq!(config.port, 8080);
/// ```
#[derive(Debug, Clone, Parser)]
#[command(name = "sspp-api", version, disable_help_subcommand = true)]
pub struct Config {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The port to listen on; 0 picks a free one and prints it.
    #[arg(long, env = "PORT", value_name = "PORT", default_value_t = 3000)]
    pub port: u16,

    /// The address to listen on. Anything but a loopback address needs --allow-anonymous.
    #[arg(long, env = "SSPP_BIND", value_name = "SSPP_BIND", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,

    /// Serve everyone who can reach a non-loopback address: for use behind a gateway that checks who asks.
    #[arg(long, env = "SSPP_ALLOW_ANONYMOUS", value_name = "SSPP_ALLOW_ANONYMOUS")]
    pub allow_anonymous: bool,

    /// The data file; made when it is not there.
    #[arg(long, env = "SSPP_DATA", value_name = "SSPP_DATA", default_value = "./sspp.db")]
    pub data: PathBuf,

    /// The scoring model, a TOML or (by its ending) JSON file. Without it, the built-in default model.
    #[arg(long, env = "SSPP_MODEL", value_name = "SSPP_MODEL")]
    pub model: Option<PathBuf>,

    /// What every path of the API begins with.
    #[arg(long, env = "API_PREFIX", value_name = "API_PREFIX", default_value = "/api/v1")]
    pub api_prefix: String,

    /// What to log: error, warn, info, debug, trace, or directives such as `info,sspp_api=debug`.
    #[arg(long, env = "LOG_LEVEL", value_name = "LOG_LEVEL", default_value = "info")]
    pub log_level: String,

    /// How to log.
    #[arg(long, env = "LOG_FORMAT", value_name = "LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// How many events may be in the queue before more are refused with a 503.
    #[arg(long, env = "SSPP_MAX_BACKLOG", value_name = "SSPP_MAX_BACKLOG", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub max_backlog: u64,

    /// Seconds that a request's body may take to arrive.
    #[arg(long, env = "SSPP_REQUEST_TIMEOUT", value_name = "SSPP_REQUEST_TIMEOUT", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub request_timeout: u64,

    /// Seconds that requests and events in hand get together to finish once the process is told to stop.
    #[arg(long, env = "SSPP_SHUTDOWN_TIMEOUT", value_name = "SSPP_SHUTDOWN_TIMEOUT", default_value_t = 8,
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub shutdown_timeout: u64,

    /// How many batches of events are scored and stored side by side.
    #[arg(long, env = "QUEUE_CONCURRENCY", value_name = "QUEUE_CONCURRENCY", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub queue_concurrency: u16,

    /// The queue's name in metrics.
    #[arg(long, env = "QUEUE_NAME", value_name = "QUEUE_NAME", default_value = "events")]
    pub queue_name: String,
}

/// What else the binary can do.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_api::Config::try_parse_from(["sspp-api", "openapi"]).unwrap();
/// assert!(matches!(config.command, Some(sspp_api::Command::Openapi)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Print the OpenAPI document.
    Openapi,
}

/// How log lines look.
///
/// ```
/// use clap::ValueEnum as _;
/// assert_eq!(sspp_api::LogFormat::from_str("json", false), Ok(sspp_api::LogFormat::Json));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Why a configuration cannot be started with; every message names the flag and the variable.
///
/// ```
/// use clap::Parser as _;
/// let open = sspp_api::Config::try_parse_from(["sspp-api", "--bind", "0.0.0.0"]).unwrap();
/// assert!(open.check(|_| None).unwrap_err().to_string().contains("--allow-anonymous"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A variable of a deployment that this release cannot serve.
    #[error(
        "{variable} is set, but this release runs embedded only, over one SQLite file (SSPP_DATA): unset {variable}"
    )]
    EmbeddedOnly {
        /// The variable.
        variable: &'static str,
    },
    /// Everyone could reach the service.
    #[error(
        "--bind {address} (SSPP_BIND) is not a loopback address, and anyone who reaches it could read and write: \
         bind to 127.0.0.1, or pass --allow-anonymous (SSPP_ALLOW_ANONYMOUS=true) behind a gateway that checks who asks"
    )]
    OpenToAnyone {
        /// The address.
        address: IpAddr,
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
}

/// A configuration that was checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) address: SocketAddr,
    pub(crate) prefix: String,
    pub(crate) filter: EnvFilter,
    pub(crate) body_timeout: Duration,
    pub(crate) shutdown_timeout: Duration,
}

impl Config {
    /// Checks what flags alone cannot say; `variable` looks up the environment.
    pub fn check(&self, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<(), ConfigError> {
        for name in ELSEWHERE {
            if variable(name).is_some_and(|value| value != OsStr::new("")) {
                return Err(ConfigError::EmbeddedOnly { variable: name });
            }
        }
        self.checked().map(drop)
    }

    pub(crate) fn checked(&self) -> Result<Checked, ConfigError> {
        if !self.bind.is_loopback() && !self.allow_anonymous {
            return Err(ConfigError::OpenToAnyone { address: self.bind });
        }
        let invalid = |flag, variable, value: &str, reason: String| ConfigError::Invalid {
            flag,
            variable,
            value: value.to_owned(),
            reason,
        };
        let filter = filter(&self.log_level)
            .map_err(|reason| invalid("--log-level", "LOG_LEVEL", &self.log_level, reason))?;
        if self.queue_name.is_empty()
            || self.queue_name.len() > 100
            || self.queue_name.chars().any(char::is_control)
        {
            let reason = "should have 1 to 100 characters, none of them a control character".to_owned();
            return Err(invalid("--queue-name", "QUEUE_NAME", &self.queue_name, reason));
        }
        Ok(Checked {
            address: SocketAddr::new(self.bind, self.port),
            prefix: prefix(&self.api_prefix)
                .map_err(|reason| invalid("--api-prefix", "API_PREFIX", &self.api_prefix, reason))?,
            filter,
            body_timeout: Duration::from_secs(self.request_timeout),
            shutdown_timeout: Duration::from_secs(self.shutdown_timeout),
        })
    }
}

/// What names a Redis or PostgreSQL, the predecessor's variables included: whoever sets one does not expect a local file.
const ELSEWHERE: [&str; 16] = [
    "REDIS_URL",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_PASSWORD",
    "DATABASE_URL",
    "POSTGRES_HOST",
    "POSTGRES_PORT",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_DB",
    "DB_HOST",
    "DB_PORT",
    "DB_USER",
    "DB_USERNAME",
    "DB_PASSWORD",
    "DB_NAME",
];

/// A level, or directives such as `sspp_core=debug,info`. A bare word that is no level would be taken for a target, and
/// nothing would be logged.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let wrong = || {
        "should be off, error, warn, info, debug or trace, or directives such as info,sspp_core=debug"
            .to_owned()
    };
    let directive = |part: &str| match part.trim() {
        // The predecessor's words.
        "log" => Some("info".to_owned()),
        "verbose" => Some("debug".to_owned()),
        "fatal" => Some("error".to_owned()),
        part if part.contains('=') || part.parse::<LevelFilter>().is_ok() && !part.is_empty() => {
            Some(part.to_owned())
        }
        _ => None,
    };
    let directives: Option<Vec<String>> = text.split(',').map(directive).collect();
    EnvFilter::try_new(directives.ok_or_else(wrong)?.join(",")).map_err(|_| wrong())
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

    #[test]
    fn a_log_level_that_would_log_nothing_is_refused() {
        for level in ["info", "WARN", "off", "verbose", "log", "info,sspp_core=debug", "sspp_api=trace"] {
            assert!(filter(level).is_ok(), "{level}");
        }
        for level in ["", "inof", "3x", "loud", "info,", "sspp_core=loud"] {
            assert!(filter(level).is_err(), "{level}");
        }
        assert_eq!(filter("verbose").unwrap().to_string(), "debug");
    }

    #[test]
    fn what_cannot_be_served_is_refused_by_name() {
        let set = |name: &'static str| move |asked: &str| (asked == name).then(|| "redis://x".into());
        for name in ELSEWHERE {
            let error = config(&[]).check(set(name)).unwrap_err();
            assert_eq!(error, ConfigError::EmbeddedOnly { variable: name });
        }
        let nothing = |_: &str| None;
        assert_eq!(config(&[]).check(nothing), Ok(()));
        assert_eq!(config(&["--bind", "::1"]).check(nothing), Ok(()));
        assert!(config(&["--bind", "0.0.0.0"]).check(nothing).is_err());
        assert_eq!(config(&["--bind", "0.0.0.0", "--allow-anonymous"]).check(nothing), Ok(()));
        for (arguments, named) in [
            (["--log-level", "loud=very=much"], "LOG_LEVEL"),
            (["--queue-name", ""], "QUEUE_NAME"),
            (["--api-prefix", "a b"], "API_PREFIX"),
        ] {
            assert!(config(&arguments).check(nothing).unwrap_err().to_string().contains(named), "{named}");
        }
    }
}
