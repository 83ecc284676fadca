//! Traces that are exported, or not: by what is configured and by what the build holds.

use tokio::runtime::Handle;

use super::otlp_args::OtlpArgs;
use super::{ConfigError, Logs};

/// Whether traces are to be exported, and where to; checked, but not yet started.
#[derive(Debug)]
pub struct TraceExport {
    #[cfg(feature = "otlp")]
    settings: Option<super::otlp::Settings>,
    /// The variable that asks for what this build does not hold.
    #[cfg(not(feature = "otlp"))]
    asked_by: Option<&'static str>,
}

/// The export of traces while a process runs.
#[derive(Debug)]
#[must_use = "what is still queued is lost unless the export is finished"]
pub struct Exporting {
    #[cfg(feature = "otlp")]
    exporter: Option<super::otlp::Exporter>,
}

impl OtlpArgs {
    /// Checks what is set, if there is an endpoint to export to.
    pub fn check(&self) -> Result<TraceExport, ConfigError> {
        TraceExport::new(self)
    }
}

impl TraceExport {
    #[cfg(feature = "otlp")]
    fn new(args: &OtlpArgs) -> Result<Self, ConfigError> {
        super::otlp::Settings::read(args).map(|settings| Self { settings })
    }

    #[cfg(not(feature = "otlp"))]
    #[expect(clippy::unnecessary_wraps, reason = "a build with the feature has something to refuse")]
    fn new(args: &OtlpArgs) -> Result<Self, ConfigError> {
        Ok(Self { asked_by: args.endpoint().map(|(_, variable, _)| variable) })
    }

    /// Starts logging, and exporting where an endpoint is set: `service` is how the binary is called, and `runtime` is where
    /// requests to the collector run.
    #[cfg(feature = "otlp")]
    pub fn start(
        self,
        logs: Logs,
        service: &'static str,
        runtime: &Handle,
    ) -> Result<Exporting, ConfigError> {
        let exporter = self.settings.map(|settings| settings.exporter(service, runtime)).transpose()?;
        logs.start_with(exporter.as_ref());
        Ok(Exporting { exporter })
    }

    /// Starts logging, and says in the log when an endpoint is set: this build cannot export.
    #[cfg(not(feature = "otlp"))]
    pub fn start(self, logs: Logs, _: &'static str, _: &Handle) -> Result<Exporting, ConfigError> {
        logs.start();
        if let Some(variable) = self.asked_by {
            tracing::warn!(
                "{variable} is set, but no trace is exported: this binary was built without the cargo feature `otlp`"
            );
        }
        Ok(Exporting {})
    }
}

impl Exporting {
    /// Sends what is still queued, for two seconds at most, and stops. Blocks; the runtime must still be there.
    pub fn finish(self) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = self.exporter {
            exporter.finish();
        }
    }
}
