//! What goes to the terminal, or to the program behind the pipe.

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::settings::Shown;

/// Standard output and standard error, as this call wants them.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    colour: bool,
    purpose: Purpose,
}

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It prints: a reader that has had enough ends it.
    Shows,
    /// It does something, and continues for a reader that has had enough.
    Acts,
}

impl Output {
    pub(crate) fn new(shown: &Shown, purpose: Purpose) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colour = !shown.json && !plain && io::stdout().is_terminal() && io::stderr().is_terminal();
        Self { json: shown.json, quiet: shown.quiet, colour, purpose }
    }

    #[cfg(test)]
    pub(crate) const fn plain() -> Self {
        Self { json: false, quiet: false, colour: false, purpose: Purpose::Shows }
    }

    /// Whether a program reads it.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress may be drawn.
    fn draws(&self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// A bar for so many steps, or for none where no progress is drawn.
    pub(crate) fn bar(&self, steps: Option<u64>, template: &str) -> ProgressBar {
        if !self.draws() {
            return ProgressBar::hidden();
        }
        let bar = steps.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// A result: a document for a program, or what `show` prints for a person.
    pub(crate) fn document(&self, document: &impl Serialize, show: impl FnOnce()) {
        if self.json {
            let text = serde_json::to_string(document);
            self.print(text.unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")).as_bytes());
        } else {
            show();
        }
    }

    /// A result: a document for a program, or a line for a person.
    pub(crate) fn result(&self, document: &impl Serialize, line: impl FnOnce() -> String) {
        self.document(document, || self.line(&line()));
    }

    /// A line of a result, for a person.
    pub(crate) fn line(&self, line: &str) {
        self.print(self.harmless(line).as_bytes());
    }

    fn print(&self, line: &[u8]) {
        self.printed(writing(|out| {
            out.write_all(line)?;
            out.write_all(b"\n")
        }));
    }

    /// What was not printed is not passed over: a full disk is an error, and a reader that has had enough, as `head` has, is none.
    pub(crate) fn printed(&self, done: io::Result<()>) {
        match done {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                if self.purpose == Purpose::Shows {
                    std::process::exit(0);
                }
            }
            Err(error) => {
                self.failure(&format!("cannot write to standard output: {error}"));
                std::process::exit(1);
            }
        }
    }

    /// A note for a person; programs do without.
    pub(crate) fn note(&self, text: &str) {
        if !self.json && !self.quiet {
            self.fault(text);
        }
    }

    /// What is wrong with one of many. It is always shown: nothing else says it.
    pub(crate) fn fault(&self, text: &str) {
        let _: io::Result<()> = writeln!(io::stderr().lock(), "{}", self.harmless(text));
    }

    pub(crate) fn failure(&self, sentence: &str) {
        let _: io::Result<()> =
            writeln!(io::stderr().lock(), "{} {}", self.paint("31;1", "error:"), self.harmless(sentence));
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

/// So many of something, as it is said.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Writes to standard output, to the end.
pub(crate) fn writing(write: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write(&mut out)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn control_characters_of_others_do_not_reach_the_terminal() {
        for colour in [false, true] {
            let output = Output { colour, ..Output::plain() };
            let text = "a\u{1b}]0;title\u{7} \u{1b}[2J\u{9b}8m \r\u{8}\tb\n\u{7f}é";
            let shown = output.harmless(&output.bad(text));
            let inner = "a\u{fffd}]0;title\u{fffd} \u{fffd}[2J\u{fffd}8m \u{fffd}\u{fffd}\tb\n\u{fffd}é";
            assert_eq!(shown, output.bad(inner));
        }
    }
}
