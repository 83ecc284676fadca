//! Why a client could not be built.

use std::fmt;

/// Why a client could not be built: every setting that is not valid.
///
/// ```
/// use sspp_client::Client;
/// let error = Client::builder("ftp://sspp").batch_events(0).build().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// assert!(error.to_string().contains("batch_events is 0: give 1 to 1000"), "{error}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError(Vec<String>);

impl BuildError {
    /// An error with these faults: for a program's own checks of what it builds.
    pub fn new(faults: impl IntoIterator<Item = String>) -> Self {
        Self(faults.into_iter().collect())
    }

    /// Each fault names its setting and says what to give.
    pub fn faults(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client cannot be built: {}", self.0.join("; "))
    }
}

impl std::error::Error for BuildError {}
