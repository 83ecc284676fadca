//! The lines of an import. A thread reads them, so that a signal is heard while a pipe says nothing.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::de::IgnoredAny;
use sspp_events::{not_text, read_text};
use tokio::sync::mpsc;

use super::lines::LINE_BYTES;

const BUFFER: usize = 256 * 1024;
/// Chunks that are read ahead.
const AHEAD: usize = 4;

/// A line with its number, from 1.
#[derive(Debug)]
pub(super) struct RawLine {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    /// It goes on, and the rest was left out.
    pub(super) is_too_long: bool,
}

/// The lines that are not blank.
#[derive(Debug)]
pub(super) struct Lines {
    chunks: mpsc::Receiver<io::Result<Vec<RawLine>>>,
    read: VecDeque<RawLine>,
    /// The number of the last line that was taken.
    pub(super) number: u64,
}

impl Lines {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(file: &Path) -> io::Result<Self> {
        let input: Box<dyn Read + Send> =
            if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
        let (to, chunks) = mpsc::channel(AHEAD);
        std::thread::spawn(move || read_all(BufReader::with_capacity(BUFFER, input), &to));
        Ok(Self { chunks, read: VecDeque::new(), number: 0 })
    }

    /// The next line; `None` at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<RawLine>> {
        loop {
            if let Some(line) = self.read.pop_front() {
                self.number = line.number;
                if !line.bytes.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
                continue;
            }
            match self.chunks.recv().await {
                Some(chunk) => self.read = chunk?.into(),
                None => return Ok(None),
            }
        }
    }

    /// The first line after so many.
    pub(super) async fn first_after(&mut self, lines: u64) -> io::Result<Option<RawLine>> {
        loop {
            match self.next().await? {
                Some(line) if line.number <= lines => {}
                other => return Ok(other),
            }
        }
    }
}

/// Reads until the end, or until no one takes the lines any more.
fn read_all(mut reader: BufReader<impl Read>, to: &mpsc::Sender<io::Result<Vec<RawLine>>>) {
    let mut number = 0;
    loop {
        let chunk = read_chunk(&mut reader, &mut number);
        let is_last = !matches!(&chunk, Ok(lines) if !lines.is_empty());
        // The end is told by closing.
        let ended = matches!(&chunk, Ok(lines) if lines.is_empty());
        if ended || to.blocking_send(chunk).is_err() || is_last {
            return;
        }
    }
}

/// Lines that are there without waiting, at least one; none at the end.
fn read_chunk(reader: &mut BufReader<impl Read>, number: &mut u64) -> io::Result<Vec<RawLine>> {
    if *number == 0
        && let Some(what) = not_text(reader.fill_buf()?)
    {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it {what}")));
    }
    let mut lines = Vec::new();
    loop {
        let mut bytes = Vec::new();
        let most = u64::try_from(LINE_BYTES).unwrap_or(u64::MAX);
        if reader.take(most).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(lines);
        }
        *number += 1;
        let is_too_long = bytes.len() == LINE_BYTES && bytes.last() != Some(&b'\n');
        if is_too_long {
            reader.skip_until(b'\n')?;
        }
        lines.push(RawLine { number: *number, bytes, is_too_long });
        if !reader.buffer().contains(&b'\n') {
            return Ok(lines);
        }
    }
}

/// Why a file is not NDJSON, judged by its first line: words that read on from its name and say what to do.
pub(super) fn not_ndjson(first: &RawLine, file: &Path) -> Option<String> {
    let text = read_text(&first.bytes).ok()?.trim();
    if text.starts_with('{') {
        let parsed = serde_json::from_str::<IgnoredAny>(text);
        return parsed.err().filter(|error| error.is_eof() && !first.is_too_long).map(|_| {
            "is JSON with objects over several lines: write each on one line, for instance with `jq -c .`"
                .to_owned()
        });
    }
    if text.starts_with('[') {
        return Some("is a JSON array: write one object a line, for instance with `jq -c '.[]'`".to_owned());
    }
    if text.contains("signal_score") {
        return Some(
            "is an export of signals as CSV: export them as NDJSON, which is `/signals/export` without `format=csv`".to_owned(),
        );
    }
    if text.contains([',', ';', '\t']) {
        let file = file.display();
        return Some(format!(
            "is CSV: use `sspp import {file}`, which reads CSV and sends its events to the API"
        ));
    }
    Some(format!("is not NDJSON: line {} is no JSON object", first.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ndjson_is_told_by_its_first_line() {
        for (first, said) in [
            ("accountId,userId", Some("sspp import x")),
            ("\u{feff}a;b", Some("sspp import x")),
            ("id,event_id,signal_score", Some("format=csv")),
            ("[", Some("array")),
            ("[{}]", Some("array")),
            ("{", Some("several lines")),
            ("{\"a\":", Some("several lines")),
            ("hello", Some("line 7")),
            ("\"a\"", Some("line 7")),
            ("{}", None),
            ("{\"a\":1}", None),
            // Its own fault is told with its number.
            ("{\"a\" 1}", None),
        ] {
            let line = RawLine { number: 7, bytes: first.as_bytes().to_vec(), is_too_long: false };
            let found = not_ndjson(&line, Path::new("x"));
            assert_eq!(found.is_some(), said.is_some(), "{first}: {found:?}");
            assert!(said.is_none_or(|said| found.unwrap().contains(said)), "{first}");
        }
    }

    #[test]
    fn a_line_that_is_there_does_not_wait_for_the_next() {
        let (read, mut write) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut write, b"{}\n\n{\"half").unwrap();
        let lines = read_chunk(&mut BufReader::new(read), &mut 0).unwrap();
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2]);
    }
}
