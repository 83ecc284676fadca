//! What is wrong with a model document, every fault with its path.

use std::cell::RefCell;
use std::fmt;

/// One thing wrong with a model document.
///
/// ```
/// use sspp_core::ScoringModel;
/// let faults = ScoringModel::from_toml("name = 'tiny'\nversion = 0\n[events.call_made]\nbase = 0.5").unwrap_err();
/// assert_eq!(faults.0[0].path, "version");
/// assert_eq!(faults.0[0].detail, "must be a whole number from 1 to 4294967295");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFault {
    /// Where, e.g. `events.email_clicked.base` or `modifiers[1].when`; empty for the document as a whole.
    pub path: String,
    /// What is wrong, to be read after the path.
    pub detail: String,
}

impl fmt::Display for ModelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}: {}", self.path, self.detail)
        }
    }
}

/// Everything wrong with a model document, in the order in which it was found; never empty.
///
/// ```
/// use sspp_core::ScoringModel;
/// let faults = ScoringModel::from_json(r#"{"name": "tiny", "version": 1, "events": {}}"#).unwrap_err();
/// assert_eq!(faults.to_string(), "the scoring model has 1 fault:\nevents: must name at least one event type");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFaults(pub Vec<ModelFault>);

impl ModelFaults {
    /// A single fault of the document as a whole.
    pub(super) fn of_document(detail: impl Into<String>) -> Self {
        Self(vec![ModelFault { path: String::new(), detail: detail.into() }])
    }
}

impl fmt::Display for ModelFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the scoring model has {} fault{plural}:", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for ModelFaults {}

/// Collects faults while a document is read.
#[derive(Debug, Default)]
pub(super) struct Findings(RefCell<Vec<ModelFault>>);

impl Findings {
    /// A hostile document can have a fault in every byte; more than this many help no reader.
    const MOST: usize = 1_000;

    pub(super) fn add(&self, path: impl Into<String>, detail: impl Into<String>) {
        let mut found = self.0.borrow_mut();
        if found.len() < Self::MOST {
            found.push(ModelFault { path: path.into(), detail: detail.into() });
        }
    }

    /// The document's parts if nothing is wrong with it.
    pub(super) fn settle<T>(self, parts: Option<T>) -> Result<T, ModelFaults> {
        let found = self.0.into_inner();
        match parts {
            Some(parts) if found.is_empty() => Ok(parts),
            _ if found.is_empty() => Err(ModelFaults::of_document("could not be read")),
            _ => Err(ModelFaults(found)),
        }
    }
}
