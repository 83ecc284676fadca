//! What the variables of OpenTelemetry say, checked.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use opentelemetry_otlp::Compression;
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use tokio::runtime::Handle;

use super::Exporter;
use crate::length::with_units;
use crate::otlp_args::{OtlpArgs, set};
use crate::{ConfigError, Secret};

/// How long the specification lets a collector take.
const TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Where spans go and which.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) endpoint: Uri,
    pub(super) headers: Headers,
    pub(super) timeout: Duration,
    pub(super) compression: Option<Compression>,
    pub(super) service: Option<String>,
    pub(super) sampler: Sampler,
}

/// Headers for the collector, which may well be passwords.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Headers(pub(super) HashMap<String, String>);

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Settings {
    /// Reads what is set; none without an endpoint.
    pub(crate) fn read(args: &OtlpArgs) -> Result<Option<Self>, ConfigError> {
        let Some((flag, variable, endpoint)) = args.endpoint() else { return Ok(None) };
        let whole = flag == "--otlp-traces-endpoint";
        let endpoint = read_endpoint(flag, variable, endpoint, whole)?;
        if let Some(protocol) = set(args.otlp_protocol.as_deref()).filter(|name| *name != "http/protobuf") {
            let reason =
                "only http/protobuf is supported, usually on port 4318 of a collector; unset it".to_owned();
            return Err(invalid("--otlp-protocol", "OTEL_EXPORTER_OTLP_PROTOCOL", protocol, reason));
        }
        Ok(Some(Self {
            endpoint,
            headers: read_headers(set(args.otlp_headers.as_ref().map(Secret::expose)))?,
            timeout: read_timeout(set(args.otlp_timeout.as_deref()))?,
            compression: read_compression(set(args.otlp_compression.as_deref()))?,
            service: set(args.otel_service_name.as_deref()).map(str::to_owned),
            sampler: read_sampler(
                set(args.otel_traces_sampler.as_deref()),
                set(args.otel_traces_sampler_arg.as_deref()),
            )?,
        }))
    }

    /// Makes the exporter of a binary.
    pub(crate) fn exporter(self, service: &'static str, runtime: &Handle) -> Result<Exporter, ConfigError> {
        Exporter::new(self, service, runtime)
    }
}

fn invalid(flag: &'static str, variable: &'static str, value: &str, reason: String) -> ConfigError {
    ConfigError::Invalid { flag, variable, value: value.to_owned(), reason }
}

fn read_endpoint(
    flag: &'static str,
    variable: &'static str,
    text: &str,
    whole: bool,
) -> Result<Uri, ConfigError> {
    if text.contains('@') {
        let reason =
            "must not contain a user or a password; set OTEL_EXPORTER_OTLP_HEADERS instead".to_owned();
        return Err(ConfigError::InvalidSecret { flag, variable, reason });
    }
    let is_web = |uri: &Uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && (whole || uri.query().is_none())
    };
    let full = if whole { text.to_owned() } else { format!("{}/v1/traces", text.trim_end_matches('/')) };
    // A question mark in a base would swallow what is appended to it.
    let base: Option<Uri> = text.parse().ok().filter(is_web);
    base.and_then(|_| full.parse().ok()).ok_or_else(|| {
        let example = if whole { "http://localhost:4318/v1/traces" } else { "http://localhost:4318" };
        invalid(flag, variable, text, format!("should be an http or https URL such as {example}"))
    })
}

fn read_headers(text: Option<&str>) -> Result<Headers, ConfigError> {
    let mut headers = HashMap::new();
    let members = text.unwrap_or_default().split(',').map(str::trim).filter(|member| !member.is_empty());
    for (at, member) in members.enumerate() {
        let read = member.split_once('=').and_then(|(name, value)| {
            let name: HeaderName = name.trim().parse().ok()?;
            let decoded = percent_decode_str(value.trim()).decode_utf8().ok()?;
            HeaderValue::from_str(&decoded).ok()?;
            // The exporter decodes for itself, so it gets the value as it was given.
            Some((name.to_string(), value.trim().to_owned()))
        });
        let (name, value) = read.ok_or_else(|| ConfigError::InvalidSecret {
            flag: "--otlp-headers",
            variable: "OTEL_EXPORTER_OTLP_HEADERS",
            reason: format!(
                "header {} should be name=value, with the value percent-encoded; separate headers with commas",
                at + 1
            ),
        })?;
        headers.insert(name, value);
    }
    Ok(Headers(headers))
}

fn read_timeout(text: Option<&str>) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(TIMEOUT) };
    let timeout = text.parse().ok().map(Duration::from_millis).or_else(|| with_units(text));
    let timeout = timeout.filter(|timeout| !timeout.is_zero() && *timeout <= LONGEST_TIMEOUT);
    timeout.ok_or_else(|| {
        let reason =
            "should be a duration such as 5s, or a number of milliseconds from 1 to 60000".to_owned();
        invalid("--otlp-timeout", "OTEL_EXPORTER_OTLP_TIMEOUT", text, reason)
    })
}

fn read_compression(text: Option<&str>) -> Result<Option<Compression>, ConfigError> {
    match text {
        None | Some("none") => Ok(None),
        Some("gzip") => Ok(Some(Compression::Gzip)),
        Some(other) => {
            let reason = "should be none or gzip".to_owned();
            Err(invalid("--otlp-compression", "OTEL_EXPORTER_OTLP_COMPRESSION", other, reason))
        }
    }
}

fn read_sampler(name: Option<&str>, argument: Option<&str>) -> Result<Sampler, ConfigError> {
    let name = name.unwrap_or("parentbased_always_on");
    let (based, root) = match name.strip_prefix("parentbased_") {
        Some(root) => (true, root),
        None => (false, name),
    };
    let root = match root {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(read_ratio(argument)?),
        _ => {
            let reason = "should be always_on, always_off, traceidratio, parentbased_always_on, \
                          parentbased_always_off or parentbased_traceidratio";
            return Err(invalid("--otel-traces-sampler", "OTEL_TRACES_SAMPLER", name, reason.to_owned()));
        }
    };
    Ok(if based { Sampler::ParentBased(Box::new(root)) } else { root })
}

fn read_ratio(text: Option<&str>) -> Result<f64, ConfigError> {
    let Some(text) = text else { return Ok(1.0) };
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| {
        let reason = "should be a number from 0 to 1".to_owned();
        invalid("--otel-traces-sampler-arg", "OTEL_TRACES_SAMPLER_ARG", text, reason)
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Config {
        #[command(flatten)]
        otlp: OtlpArgs,
    }

    fn read(arguments: &[&str]) -> Result<Option<Settings>, String> {
        let config = Config::try_parse_from([&["x"], arguments].concat()).unwrap();
        Settings::read(&config.otlp).map_err(|error| error.to_string())
    }

    fn set_to(arguments: &[&str]) -> Settings {
        read(&[&["--otlp-endpoint", "http://collector:4318"], arguments].concat()).unwrap().unwrap()
    }

    #[test]
    fn nothing_is_exported_without_an_endpoint() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&["--otlp-endpoint", " ", "--otlp-traces-endpoint="]).unwrap().is_none());
        assert!(read(&["--otel-traces-sampler", "xray", "--otlp-protocol", "grpc"]).unwrap().is_none());
    }

    #[test]
    fn a_timeout_is_milliseconds_or_has_a_unit() {
        for (given, millis) in [("250", 250), ("5s", 5_000), ("1m", 60_000)] {
            let read = read(&["--otlp-endpoint", "http://a", "--otlp-timeout", given]).unwrap().unwrap();
            assert_eq!(read.timeout, Duration::from_millis(millis), "{given}");
        }
    }

    #[test]
    fn a_base_gets_the_path_and_an_endpoint_of_traces_is_whole() {
        for (flag, given, used) in [
            ("--otlp-endpoint", "http://collector:4318", "http://collector:4318/v1/traces"),
            ("--otlp-endpoint", "https://collector/otlp/", "https://collector/otlp/v1/traces"),
            ("--otlp-traces-endpoint", "https://collector/x?y=1", "https://collector/x?y=1"),
        ] {
            assert_eq!(read(&[flag, given]).unwrap().unwrap().endpoint.to_string(), used);
        }
        let both = ["--otlp-endpoint", "http://a", "--otlp-traces-endpoint", "http://b/t"];
        assert_eq!(read(&both).unwrap().unwrap().endpoint, "http://b/t");
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        for (flag, value, named) in [
            ("--otlp-endpoint", "collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            ("--otlp-endpoint", "ftp://collector", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            ("--otlp-endpoint", "http://", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            ("--otlp-endpoint", "http://a?b", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            ("--otlp-endpoint", "http://a:hunter2@b", "OTEL_EXPORTER_OTLP_HEADERS"),
            ("--otlp-traces-endpoint", "/v1/traces", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            ("--otlp-protocol", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL"),
            ("--otlp-headers", "a=1,hunter2", "OTEL_EXPORTER_OTLP_HEADERS"),
            ("--otlp-headers", "a=hunter2%0A", "OTEL_EXPORTER_OTLP_HEADERS"),
            ("--otlp-timeout", "5m", "OTEL_EXPORTER_OTLP_TIMEOUT"),
            ("--otlp-timeout", "soon", "OTEL_EXPORTER_OTLP_TIMEOUT"),
            ("--otlp-timeout", "0", "OTEL_EXPORTER_OTLP_TIMEOUT"),
            ("--otlp-compression", "zstd", "OTEL_EXPORTER_OTLP_COMPRESSION"),
            ("--otel-traces-sampler", "xray", "OTEL_TRACES_SAMPLER"),
        ] {
            let mut arguments = vec![flag, value];
            if !flag.ends_with("endpoint") {
                arguments.extend(["--otlp-endpoint", "http://collector"]);
            }
            let said = read(&arguments).unwrap_err();
            assert!(said.contains(named) && !said.contains("hunter2"), "{value}: {said}");
        }
        for bad in ["1.1", "-0.1", "NaN", "half"] {
            let said = read_ratio(Some(bad)).unwrap_err().to_string();
            assert!(said.contains("OTEL_TRACES_SAMPLER_ARG"), "{bad}: {said}");
        }
    }

    #[test]
    fn what_is_set_is_used() {
        let plain = set_to(&[]);
        assert_eq!((plain.timeout, plain.service, plain.compression), (TIMEOUT, None, None));
        assert_eq!(format!("{:?}", plain.sampler), "ParentBased(AlwaysOn)");
        let set = set_to(&[
            "--otlp-headers=authorization=Basic%20aHVudGVyMg==, X-Scope=7,",
            "--otlp-timeout=250",
            "--otlp-compression=gzip",
            "--otel-service-name=intake",
            "--otel-traces-sampler=traceidratio",
            "--otel-traces-sampler-arg=0.25",
        ]);
        assert_eq!((set.timeout.as_millis(), set.service.as_deref()), (250, Some("intake")));
        assert!(matches!(set.compression, Some(Compression::Gzip)));
        assert!(matches!(set.sampler, Sampler::TraceIdRatioBased(0.25)));
        assert_eq!(set.headers.0["authorization"], "Basic%20aHVudGVyMg==");
        assert_eq!(set.headers.0["x-scope"], "7");
        assert!(!format!("{set:?}").contains("aHVudGVyMg"));
    }
}
