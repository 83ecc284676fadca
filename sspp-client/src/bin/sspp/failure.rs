//! Why a task did not succeed, and the exit code that says so.

use sspp_client::Error;

/// A sentence for the person, and a code for the script.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    code: u8,
}

impl Failure {
    /// Something is wrong, and will be when it is tried again.
    pub(crate) fn wrong(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), code: 1 }
    }

    /// The command line asks for what cannot be.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), code: 2 }
    }

    /// With what else the person should know.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.sentence.push_str("; ");
        self.sentence.push_str(more);
        self
    }

    pub(crate) const fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let code = match error.status() {
            Some(401 | 403) => 4,
            _ if error.is_retryable() => 3,
            _ => 1,
        };
        let advice = match code {
            4 => ": check --api-key or SSPP_API_KEY",
            3 if error.status().is_none() => ": is the platform running there? --url or SSPP_URL says where",
            _ => "",
        };
        Self { sentence: format!("{error}{advice}"), code }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}
