//! Why a transfer stopped, and how to go on.

use sspp_core::StoreError;

use crate::app::RunError;
use crate::config::ConfigError;

/// Why a transfer stopped. What was done until then stays, and doing it again does no harm.
///
/// ```
/// let error = sspp_api::TransferError::Rejected { count: 3 };
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
    /// The file cannot be read.
    #[error("cannot read {file}: {source}{}", go_on("--skip-lines", *line))]
    Read {
        /// The file.
        file: String,
        /// How many lines were done.
        line: u64,
        /// Why.
        source: std::io::Error,
    },
    /// More lines were to be left out than there are.
    #[error("{file} has {lines} lines, and --skip-lines {skipped} leaves out more: is it the same file?")]
    Short {
        /// The file.
        file: String,
        /// How many lines it has.
        lines: u64,
        /// How many were to be left out.
        skipped: u64,
    },
    /// The predecessor's database cannot be read.
    #[error("cannot read the predecessor's table sales_signals: {reason}{}", go_on("--after", *after))]
    Legacy {
        /// Why.
        reason: String,
        /// The last id that was done.
        after: i64,
    },
    /// The store or the queue failed for too long.
    #[error("{reason}; nothing is lost: go on with {resume}")]
    Stopped {
        /// Why.
        reason: String,
        /// The argument to go on with.
        resume: String,
    },
    /// Everything else was taken, but some was not.
    #[error("{count} could not be taken: the first of them are listed above, each with the reason")]
    Rejected {
        /// How many.
        count: u64,
    },
}

/// How to go on, where there is something behind already.
fn go_on(argument: &str, done: impl Into<i128>) -> String {
    let done = done.into();
    if done > 0 { format!("; go on with {argument} {done}") } else { String::new() }
}

/// A failure of the store as a sentence.
pub(super) fn of_store(error: &StoreError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_to_go_on_is_said_where_something_is_done() {
        let error = |after| TransferError::Legacy { reason: "no such host".to_owned(), after }.to_string();
        assert_eq!(error(0), "cannot read the predecessor's table sales_signals: no such host");
        assert!(error(7).ends_with("no such host; go on with --after 7"));
    }
}
