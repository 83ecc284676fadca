//! Signals into a store: from an export, or from the predecessor's table.
//!
//! - `import`: lines of NDJSON, by the importer of `sspp-import`
//! - `not_ndjson`: files that are something else
//! - `lines`: what a line says
//! - `legacy`: rows of the predecessor
//! - `target`: where they go
//! - `progress`: what a person sees meanwhile
//! - `error`: why it stopped
//! - `runtime`: runs it

mod error;
mod import;
mod legacy;
mod lines;
mod not_ndjson;
mod progress;
mod runtime;
mod target;

pub use error::{Resume, TransferError};
pub use import::{ImportArgs, run_import};
pub use legacy::{LegacyArgs, run_import_legacy};
