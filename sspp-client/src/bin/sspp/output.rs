//! What goes to the terminal, or to the program behind the pipe.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::failure::Failure;

/// Standard output and standard error, as this call wants them.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, colour: !json && !plain && io::stdout().is_terminal() && io::stderr().is_terminal() }
    }

    /// Whether programs read it.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress may be drawn.
    pub(crate) fn draws(&self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// A result: a line for a person, or a document for a program.
    pub(crate) fn result(&self, document: &impl Serialize, line: impl FnOnce() -> String) {
        let text = if self.json {
            serde_json::to_string(document).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
        } else {
            line()
        };
        // Whoever reads may have had enough, as `head` has.
        if writeln!(io::stdout().lock(), "{text}").is_err() {
            std::process::exit(0);
        }
    }

    /// A note for a person; programs do without.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            let _: io::Result<()> = writeln!(io::stderr().lock(), "{text}");
        }
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        let _: io::Result<()> =
            writeln!(io::stderr().lock(), "{} {}", self.paint("31;1", "error:"), failure.sentence());
    }

    pub(crate) fn good(&self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn bad(&self, text: &str) -> String {
        self.paint("31", text)
    }

    pub(crate) fn strong(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
