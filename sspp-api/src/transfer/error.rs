//! Why a transfer stopped, and how to continue.

use sspp_core::{QueueError, StoreError};
use sspp_import::ImportError;
use sspp_runtime::{ConfigError, RunError};

/// Why a transfer stopped. Rows done until then stay, and repeating it adds nothing.
///
/// ```
/// let error = sspp_api::TransferError::Rejected { count: 3, earlier: 0 };
/// assert!(error.to_string().contains("3"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store or the queue cannot be opened.
    #[error(transparent)]
    Open(#[from] RunError),
    /// The store cannot be used.
    #[error("cannot use the store (--database-url, DATABASE_URL): {0}")]
    Store(#[from] StoreError),
    /// The queue cannot be used.
    #[error("cannot use the queue (--redis-url, REDIS_URL): {0}")]
    Queue(#[from] QueueError),
    /// The file, or what is kept beside it, cannot be used.
    #[error(transparent)]
    File(#[from] ImportError),
    /// The file is something else than NDJSON.
    #[error("{file} {what}")]
    Format {
        /// The file.
        file: String,
        /// What it is, and what to do.
        what: String,
    },
    /// More lines were to be left out than there are.
    #[error("{file} has {lines} lines, fewer than --skip-lines {skipped}: check that it is the same file")]
    Short {
        /// The file.
        file: String,
        /// How many lines it has.
        lines: u64,
        /// How many were to be left out.
        skipped: u64,
    },
    /// The predecessor's database cannot be read.
    #[error("cannot read the predecessor's table sales_signals: {reason}{}", go_on(resume.as_ref()))]
    Legacy {
        /// Why.
        reason: String,
        /// How to continue, where something is done.
        resume: Option<Resume>,
    },
    /// The store or the queue failed for too long.
    #[error("{reason}{}", go_on(resume.as_ref()))]
    Stopped {
        /// Why.
        reason: String,
        /// How to continue, where something is done.
        resume: Option<Resume>,
    },
    /// A signal came before it was done.
    #[error("stopped by {signal}{}", go_on(resume.as_ref()))]
    Interrupted {
        /// Which.
        signal: &'static str,
        /// How to continue, where something is done.
        resume: Option<Resume>,
    },
    /// Everything else was taken, but some was not.
    #[error("{count} could not be imported{}", listed(*earlier))]
    Rejected {
        /// How many.
        count: u64,
        /// How many of them an earlier call has listed.
        earlier: u64,
    },
}

/// How a transfer continues that was stopped.
///
/// ```
/// let resume = Some(sspp_api::Resume::SameCommand);
/// let error = sspp_api::TransferError::Interrupted { signal: "SIGINT", resume };
/// assert!(error.to_string().contains("the same command"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resume {
    /// A checkpoint knows how far it is.
    SameCommand,
    /// It does too, and the command has forgotten it.
    WithoutAgain,
    /// With this argument, what is done is left out.
    Argument(String),
}

/// How to continue. What was done is done, whether it is done again or left out.
fn go_on(resume: Option<&Resume>) -> String {
    match resume {
        None => "; nothing was imported".to_owned(),
        Some(Resume::SameCommand) => "; imported rows stay: run the same command to continue".to_owned(),
        Some(Resume::WithoutAgain) => "; imported rows stay: run it without --again to continue".to_owned(),
        Some(Resume::Argument(argument)) => format!(
            "; imported rows stay: it is safe to run the same command again; {argument} skips the imported rows"
        ),
    }
}

fn listed(earlier: u64) -> String {
    let first = ": the first are listed above with their reasons";
    match earlier {
        0 => first.to_owned(),
        _ => format!("{first}, or by an earlier call, which read {earlier} of them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_to_go_on_is_said_where_something_is_done() {
        let error = |resume| TransferError::Legacy { reason: "no such host".to_owned(), resume }.to_string();
        assert!(error(None).ends_with("sales_signals: no such host; nothing was imported"));
        let some = error(Some(Resume::Argument("--after 7".to_owned())));
        assert!(some.contains("it is safe to run") && some.contains("--after 7 skips"), "{some}");
    }
}
