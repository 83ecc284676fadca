//! Why a task did not succeed, and the exit code that says so.

use sspp_client::{Error, Problem};
use sspp_import::{Fault, ImportError};

/// A sentence for the person, and a code for the script.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    code: u8,
    /// Whether it is between this process and the server.
    of_server: bool,
}

impl Failure {
    /// It fails again when it is tried again.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), code: 1, of_server: false }
    }

    /// The command line asks for what cannot be.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self { code: 2, ..Self::new(sentence) }
    }

    /// It may succeed when it is tried again.
    pub(crate) fn later(sentence: impl Into<String>) -> Self {
        Self { code: 3, ..Self::new(sentence) }
    }

    /// Of several, which ends as one of them.
    pub(crate) fn with_code(sentence: impl Into<String>, code: u8) -> Self {
        Self { code, ..Self::new(sentence) }
    }

    /// With what else the person should know.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.sentence.push_str("; ");
        self.sentence.push_str(more);
        self
    }

    /// By the names that the key has on the command line.
    fn of_key(problem: &Problem) -> Self {
        let Problem { status, detail, .. } = problem;
        let detail = if detail.is_empty() { "no access" } else { detail };
        let request = problem.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
        let sentence = format!(
            "the server answered {status}: {detail}{request}; set the key with --api-key or SSPP_API_KEY"
        );
        Self { sentence, code: 4, of_server: true }
    }

    pub(crate) const fn code(&self) -> u8 {
        self.code
    }

    /// Whether trying again may help.
    pub(crate) const fn may_pass(&self) -> bool {
        self.code == 3
    }

    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The sentence, after the address of the server that it is about.
    pub(crate) fn at(&self, url: &str) -> String {
        if self.of_server { format!("{url}: {}", self.sentence) } else { self.sentence.clone() }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        // Filters and ids, which were not even sent.
        if let Error::Request(violations) = error {
            return Self::usage(violations.to_string());
        }
        if let Some(problem) = error.problem().filter(|problem| matches!(problem.status, 401 | 403)) {
            return Self::of_key(problem);
        }
        let bad_filter = |kind: &str| kind.ends_with(":invalid-query") || kind.ends_with(":invalid-request");
        let bad_filter = error.problem().is_some_and(|problem| bad_filter(&problem.kind));
        let unreached = matches!(error, Error::Transport(_) | Error::Answer(_));
        // One hint is enough.
        let sentence = error.to_string();
        let has_hint = sentence.contains("check the URL") || sentence.to_lowercase().contains("try again");
        let (code, advice) = match error.status() {
            _ if bad_filter => (2, ""),
            None if error.is_retryable() && unreached => {
                (3, ": check that SSPP runs there, or set its address with --url or SSPP_URL")
            }
            Some(_) if error.is_retryable() => (3, ": try again later"),
            None if error.is_retryable() || matches!(error, Error::BrokenOff { .. }) => (3, ""),
            _ => (1, ""),
        };
        let advice = if has_hint { "" } else { advice };
        Self { sentence: format!("{sentence}{advice}"), code, of_server: true }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let code = match error.fault() {
            Fault::Lasting => 1,
            Fault::Usage => 2,
            Fault::Later => 3,
        };
        Self::with_code(error.to_string(), code)
    }
}

/// A message without the users and passwords of URLs that stand in the command line: one in a wrong place is quoted in what is said.
pub(crate) fn without_users(message: &str) -> String {
    std::env::args_os().fold(message.to_owned(), |message, given| {
        let given = given.to_string_lossy();
        match given.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')) {
            Some((user, _)) if !user.is_empty() => message.replace(&format!("://{user}@"), "://…@"),
            _ => message,
        }
    })
}
