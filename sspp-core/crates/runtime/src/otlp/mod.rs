//! The export of spans over OTLP: HTTP and protobuf, in batches, from a bounded queue that no request waits for.

mod batches;
mod client;
mod exporter;
mod losses;
mod settings;

pub(super) use exporter::Exporter;
pub(super) use settings::Settings;
