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
            self.harmless(&line())
        };
        // Whoever reads may have had enough, as `head` has.
        if writeln!(io::stdout().lock(), "{text}").is_err() {
            std::process::exit(0);
        }
    }

    /// A note for a person; programs do without.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            let _: io::Result<()> = writeln!(io::stderr().lock(), "{}", self.harmless(text));
        }
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        let _: io::Result<()> = writeln!(
            io::stderr().lock(),
            "{} {}",
            self.paint("31;1", "error:"),
            self.harmless(failure.sentence())
        );
    }

    /// Text of a server or of a file may hold escape sequences that move the cursor, hide text or set a title: of control
    /// characters only line breaks, tabs and our own colours get to the terminal.
    fn harmless(&self, text: &str) -> String {
        const COLOURS: [&str; 4] = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m"];
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let colour = COLOURS.into_iter().find(|colour| self.colour && rest.starts_with(colour));
            let (part, after) = rest.split_at(colour.map_or(first.len_utf8(), str::len));
            let passes = colour.is_some() || !first.is_control() || matches!(first, '\n' | '\t');
            shown.push_str(if passes { part } else { "\u{fffd}" });
            rest = after;
        }
        shown
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

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn control_characters_of_others_do_not_reach_the_terminal() {
        for colour in [false, true] {
            let output = Output { json: false, colour };
            let text = "a\u{1b}]0;title\u{7} \u{1b}[2J\u{9b}8m \r\u{8}\tb\n\u{7f}é";
            let shown = output.harmless(&output.bad(text));
            let inner = "a\u{fffd}]0;title\u{fffd} \u{fffd}[2J\u{fffd}8m \u{fffd}\u{fffd}\tb\n\u{fffd}é";
            assert_eq!(shown, output.bad(inner));
        }
    }
}
