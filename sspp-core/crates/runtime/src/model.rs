//! The scoring model that a process runs with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sspp_events::read_text_file;
use sspp_scoring::{ModelFaults, ScoringModel};

/// Why a scoring model cannot be used; a bad one has one line a fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read.
    #[error("the scoring model {path} (--model, SSPP_MODEL) cannot be read: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The model has faults; all are listed.
    #[error("{}", lines(path, faults))]
    Faults {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        faults: ModelFaults,
    },
}

fn lines(path: &Path, faults: &ModelFaults) -> String {
    let lines = faults.0.iter().map(|fault| {
        let place = if fault.path.is_empty() { String::new() } else { format!("{}: ", fault.path) };
        format!("the scoring model {} (--model, SSPP_MODEL): {place}{}", path.display(), fault.detail)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Reads a model from a TOML or (by its ending) JSON file; without one, the built-in default.
///
/// ```
/// let model = sspp_runtime::load_model(None).unwrap();
/// assert_eq!(model.name(), "default");
/// ```
pub fn load_model(path: Option<&Path>) -> Result<Arc<ScoringModel>, ModelError> {
    let Some(path) = path else { return Ok(ScoringModel::embedded_default()) };
    let text = read_text_file(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let parsed = if json { ScoringModel::from_json(&text) } else { ScoringModel::from_toml(&text) };
    parsed.map(Arc::new).map_err(|faults| ModelError::Faults { path: path.to_owned(), faults })
}
