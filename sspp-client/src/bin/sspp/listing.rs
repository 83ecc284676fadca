//! Rows of a list: aligned columns for a person, a document a row for a program.

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::output::Output;

/// Rows that are looked at before the first is printed; columns only grow after them.
const LOOKED_AT: usize = 100;

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A list, as far as it has come.
pub(crate) struct Listing<'a> {
    output: &'a Output,
    names: Vec<&'static str>,
    sides: Vec<Side>,
    widths: Vec<usize>,
    rows: Vec<Vec<String>>,
    count: u64,
    begun: bool,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(output: &'a Output, columns: &[(&'static str, Side)]) -> Self {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        Self {
            output,
            widths: names.iter().map(|name| name.width()).collect(),
            names,
            sides: columns.iter().map(|(_, side)| *side).collect(),
            rows: Vec::new(),
            count: 0,
            begun: false,
        }
    }

    pub(crate) fn add(&mut self, document: &impl Serialize, cells: impl FnOnce() -> Vec<String>) {
        self.count += 1;
        let rows = &mut self.rows;
        self.output.document(document, || rows.push(cells().iter().map(|cell| plain(cell)).collect()));
        if self.rows.len() == LOOKED_AT {
            self.print();
        }
    }

    /// Prints what is left, or that there is nothing.
    pub(crate) fn end(mut self, nothing: &str) {
        self.print();
        if self.count == 0 {
            self.output.note(nothing);
        }
    }

    fn print(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        if !self.begun && !rows.is_empty() {
            let head = self.line(&self.names);
            self.output.line(&self.output.strong(&head));
            self.begun = true;
        }
        for row in &rows {
            self.output.line(&self.line(row));
        }
    }

    fn line(&self, cells: &[impl AsRef<str>]) -> String {
        let mut line = String::new();
        for ((cell, side), width) in cells.iter().zip(&self.sides).zip(&self.widths) {
            let cell = cell.as_ref();
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let (before, after) = if *side == Side::Right { (&*space, "") } else { ("", &*space) };
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
            line.push_str("  ");
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// What is known of one thing, a line each, for a person.
pub(crate) fn facts(output: &Output, facts: Vec<(&str, String)>) {
    let width = facts.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    for (name, fact) in facts {
        output.line(&format!("{}  {}", output.strong(&format!("{name:<width$}")), plain(&fact)));
    }
}

/// A line break or a tab would put what follows into other columns.
fn plain(text: &str) -> String {
    text.replace(|c: char| c.is_control(), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_look() {
        let output = Output::plain();
        let mut list = Listing::new(&output, &[("name", Side::Left), ("n", Side::Right)]);
        list.widths = vec![6, 3];
        assert_eq!(list.line(&["日本", "7"]), "日本      7");
        assert_eq!(list.line(&["cafés", "12"]), "cafés    12");
        list.sides[1] = Side::Left;
        assert_eq!(list.line(&["a", ""]), "a");
    }
}
