//! Why an import cannot begin or continue.

/// A sentence for the person, and what kind of fault it is.
///
/// ```
/// use sspp_import::{Fault, ImportError};
/// let error = ImportError::usage("--format names no format");
/// assert_eq!((error.fault(), error.to_string().as_str()), (Fault::Usage, "--format names no format"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct ImportError {
    sentence: String,
    fault: Fault,
}

/// What kind of fault it is.
///
/// ```
/// use sspp_import::{Fault, ImportError};
/// assert_eq!(ImportError::later("another import runs").fault(), Fault::Later);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails again when it is tried again.
    Lasting,
    /// The command line asks for something impossible.
    Usage,
    /// It may succeed when it is tried again.
    Later,
}

impl ImportError {
    /// It fails again when it is tried again.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), fault: Fault::Lasting }
    }

    /// The command line asks for something impossible.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), fault: Fault::Usage }
    }

    /// It may succeed when it is tried again.
    pub fn later(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), fault: Fault::Later }
    }

    /// What kind of fault it is.
    pub const fn fault(&self) -> Fault {
        self.fault
    }
}
