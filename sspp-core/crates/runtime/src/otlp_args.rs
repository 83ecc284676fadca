//! Where traces are exported to: the standard variables of OpenTelemetry.

use clap::Args;

use super::Secret;

/// Where traces are exported to. Without an endpoint nothing is exported, and the rest does not matter; an empty variable is as
/// good as none, as OpenTelemetry asks.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     otlp: sspp_runtime::OtlpArgs,
/// }
/// assert!(Config::parse_from(["x"]).otlp.check().is_ok());
/// ```
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Traces")]
pub struct OtlpArgs {
    /// The address of an OpenTelemetry collector that takes OTLP over HTTP, such as `http://localhost:4318`; /v1/traces is appended. Without it
    /// no trace is exported.
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        value_name = "OTEL_EXPORTER_OTLP_ENDPOINT",
        hide_env_values = true
    )]
    pub otlp_endpoint: Option<Secret>,

    /// The whole URL for traces; nothing is appended. It replaces the endpoint above.
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        value_name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        hide_env_values = true
    )]
    pub otlp_traces_endpoint: Option<Secret>,

    /// Headers of each request to the collector: `name=value`, separated by commas, values percent-encoded.
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_HEADERS",
        value_name = "OTEL_EXPORTER_OTLP_HEADERS",
        hide_env_values = true
    )]
    pub otlp_headers: Option<Secret>,

    /// The protocol of the collector: only `http/protobuf` (the default).
    #[arg(long, env = "OTEL_EXPORTER_OTLP_PROTOCOL", value_name = "OTEL_EXPORTER_OTLP_PROTOCOL")]
    pub otlp_protocol: Option<String>,

    /// How long the collector may take to answer: with a unit, such as 5s, or as OpenTelemetry writes it, a number of
    /// milliseconds; 10000 by default.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TIMEOUT", value_name = "OTEL_EXPORTER_OTLP_TIMEOUT")]
    pub otlp_timeout: Option<String>,

    /// The compression of requests: none (the default) or gzip.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_COMPRESSION", value_name = "OTEL_EXPORTER_OTLP_COMPRESSION")]
    pub otlp_compression: Option<String>,

    /// The name of the process in traces; the name of the binary by default.
    #[arg(long, env = "OTEL_SERVICE_NAME", value_name = "OTEL_SERVICE_NAME")]
    pub otel_service_name: Option<String>,

    /// Which traces are exported: `always_on`, `always_off`, `traceidratio`, or one of these after `parentbased_`, which follows the
    /// caller if the request has a traceparent; `parentbased_always_on` by default.
    #[arg(long, env = "OTEL_TRACES_SAMPLER", value_name = "OTEL_TRACES_SAMPLER")]
    pub otel_traces_sampler: Option<String>,

    /// The part of the traces that a sampler with a ratio exports, from 0 to 1; 1 by default.
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "OTEL_TRACES_SAMPLER_ARG")]
    pub otel_traces_sampler_arg: Option<String>,
}

impl OtlpArgs {
    /// The endpoint that is set, with the flag and the variable that say so; the second is for traces alone.
    pub(super) fn endpoint(&self) -> Option<(&'static str, &'static str, &str)> {
        let traces = ("--otlp-traces-endpoint", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let base = ("--otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT");
        let traces = set(self.otlp_traces_endpoint.as_ref().map(Secret::expose))
            .map(|value| (traces.0, traces.1, value));
        traces.or_else(|| {
            set(self.otlp_endpoint.as_ref().map(Secret::expose)).map(|value| (base.0, base.1, value))
        })
    }
}

/// An empty variable is as good as none.
pub(super) fn set(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}
