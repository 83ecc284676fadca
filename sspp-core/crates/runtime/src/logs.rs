//! Logs: to stderr, as text or JSON. Contents of events are never logged above debug.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};
use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::ConfigError;

/// How log lines look.
///
/// ```
/// use clap::ValueEnum as _;
/// use sspp_runtime::LogFormat;
/// assert_eq!(LogFormat::from_str("json", false), Ok(LogFormat::Json));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// What is logged, and how.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     logs: sspp_runtime::LogArgs,
/// }
/// assert!(Config::parse_from(["x", "--log-level", "loud"]).logs.check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Logs")]
pub struct LogArgs {
    /// What to log: error, warn, info, debug, trace, or directives such as `info,sspp_core=debug`.
    #[arg(long, env = "LOG_LEVEL", value_name = "LOG_LEVEL", default_value = "info")]
    pub log_level: String,

    /// How to log.
    #[arg(long, env = "LOG_FORMAT", value_name = "LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// Logs that can be started.
#[derive(Debug)]
pub struct Logs {
    filter: EnvFilter,
    format: LogFormat,
}

impl LogArgs {
    /// Checks the level.
    pub fn check(&self) -> Result<Logs, ConfigError> {
        let filter = filter(&self.log_level).map_err(|reason| ConfigError::Invalid {
            flag: "--log-level",
            variable: "LOG_LEVEL",
            value: self.log_level.clone(),
            reason,
        })?;
        Ok(Logs { filter, format: self.log_format })
    }
}

impl Logs {
    /// Starts logging; a second call in one process changes nothing.
    pub fn start(self) {
        log_panics();
        let registry = tracing_subscriber::registry().with(self.filter);
        drop(match self.format {
            LogFormat::Text => registry.with(text()).try_init(),
            LogFormat::Json => registry.with(json()).try_init(),
        });
    }

    /// Starts logging and, if there is an exporter, passes it spans. The level is that of the log alone; it does not change
    /// which spans are exported.
    #[cfg(feature = "otlp")]
    pub(super) fn start_with(self, exporter: Option<&super::otlp::Exporter>) {
        let Some(exporter) = exporter else { return self.start() };
        log_panics();
        let registry = tracing_subscriber::registry().with(exporter.layer());
        let started = match self.format {
            LogFormat::Text => registry.with(text().with_filter(self.filter)).try_init(),
            LogFormat::Json => registry.with(json().with_filter(self.filter)).try_init(),
        };
        if started.is_ok() {
            sspp_engine::otlp::turn_on();
        }
    }
}

/// Lines for people.
fn text<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // Colours are for people: a file or a collector gets the bare text.
    fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).with_target(false)
}

/// One object a line.
fn json<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fmt::layer().with_writer(std::io::stderr).with_ansi(false).json().flatten_event(true)
}

/// A panic is a log line like any other, where it would be bare text among JSON.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let (reason, place) = (panic.payload_as_str().unwrap_or("no reason given"), panic.location());
        let trace = Backtrace::capture();
        let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
        tracing::error!(reason, place = place.map(tracing::field::display), trace, "panicked: this is a bug");
    }));
}

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
