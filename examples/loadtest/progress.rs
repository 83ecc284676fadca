//! A line on standard error that shows how far the test is: rewritten on a terminal, else one line a step.

use std::io::{IsTerminal as _, Write as _};

#[derive(Debug)]
pub(crate) struct Progress {
    terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }

    /// What is being done now; shown on a terminal alone.
    pub(crate) fn now(&self, what: &str) {
        if self.terminal {
            drop(write!(std::io::stderr(), "\r\x1b[2K{what}"));
        }
    }

    /// What has been done; always shown.
    pub(crate) fn done(&self, what: &str) {
        let clear = if self.terminal { "\r\x1b[2K" } else { "" };
        drop(writeln!(std::io::stderr(), "{clear}{what}"));
    }
}
