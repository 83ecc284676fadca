//! The exporter of a process, and the layer that tells it of spans.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, Key, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::Settings;
use super::batches::Bounded;
use super::client::{CollectorClient, LastFailure};
use crate::ConfigError;

/// Enough for a collector that is there; one that is away holds up no end.
const LAST_BATCHES: Duration = Duration::from_secs(2);

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Exports spans, from a thread of its own.
#[derive(Debug)]
pub(crate) struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    pub(super) fn new(
        settings: Settings,
        service: &'static str,
        runtime: &Handle,
    ) -> Result<Self, ConfigError> {
        let Settings { endpoint, headers, timeout, compression, service: name, sampler } = settings;
        let unusable = |reason| ConfigError::InvalidSecret {
            flag: "--otlp-endpoint",
            variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
            reason,
        };
        let last_failure = LastFailure::default();
        let client =
            CollectorClient::new(&endpoint, timeout, runtime, last_failure.clone()).map_err(unusable)?;
        let exporter = SpanExporter::builder().with_http();
        let exporter = match compression {
            Some(compression) => exporter.with_compression(compression),
            None => exporter,
        };
        let exporter = exporter
            .with_http_client(client)
            .with_endpoint(endpoint.to_string())
            .with_headers(headers.0)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(timeout)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource(name, service))
            .with_sampler(sampler)
            .with_span_processor(Bounded::new(exporter, last_failure))
            .build();
        Ok(Self { provider })
    }

    /// Gives the exporter the spans that have a kind. Log lines are not exported.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let scope = InstrumentationScope::builder("sspp").with_version(VERSION).build();
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer_with_scope(scope))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            // A parent is given, never taken from the current context.
            .with_context_activation(false)
            .with_filter(filter_fn(|metadata| {
                metadata.is_span() && metadata.fields().field("otel.kind").is_some()
            }))
    }

    /// Sends what is still queued, and stops.
    pub(crate) fn finish(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_BATCHES) {
            tracing::warn!(%error, "the last spans may not have been exported");
        }
    }
}

/// The exporter's name: the one that is set (`OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`), else the binary's.
fn resource(name: Option<String>, binary: &'static str) -> Resource {
    let version = KeyValue::new("service.version", VERSION);
    let found = Resource::builder().build();
    let named = found.get(&Key::from_static_str("service.name")).map(|value| value.to_string());
    // The SDK makes up `unknown_service:…` where nothing is set.
    let named = named.filter(|name| !name.starts_with("unknown_service"));
    let name = name.or(named).unwrap_or_else(|| binary.to_owned());
    Resource::builder().with_attribute(version).with_service_name(name).build()
}
