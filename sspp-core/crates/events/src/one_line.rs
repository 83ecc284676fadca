//! JSON on one line, so that no format made of lines is broken by what it holds.

use std::borrow::Cow;

/// JSON without the white space between its parts, and with the line separators of Unicode (U+0085, U+2028, U+2029), which
/// some readers take for the end of a line, written as escapes. It means the same: numbers, members, their order and all other
/// characters stay as they are. Borrows where nothing had to change.
///
/// What is no JSON gives some other text, never a panic.
///
/// ```
/// use sspp_events::one_line;
/// assert_eq!(one_line("{\n  \"a\": 1.50,\n  \"b\": \"x  y\"\n}"), r#"{"a":1.50,"b":"x  y"}"#);
/// assert_eq!(one_line("[\"\u{2028}\"]"), r#"["\u2028"]"#);
/// assert!(matches!(one_line(r#"{"a":"b c"}"#), std::borrow::Cow::Borrowed(_)));
/// ```
pub fn one_line(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut line = Line { json, written: 0, text: String::new() };
    let mut at = 0;
    // Two loops, so that each looks at little: this is the hot path.
    loop {
        loop {
            match bytes.get(at) {
                None => return line.end(),
                Some(b'"') => break,
                Some(b' ' | b'\t' | b'\r' | b'\n') => line.replace(at, 1, ""),
                Some(_) => {}
            }
            at += 1;
        }
        at += 1;
        loop {
            match bytes.get(at) {
                None => return line.end(),
                Some(b'"') => break,
                Some(b'\\') => at += 1,
                Some(0xc2 | 0xe2) => match bytes[at..] {
                    [0xc2, 0x85, ..] => line.replace(at, 2, r"\u0085"),
                    [0xe2, 0x80, 0xa8, ..] => line.replace(at, 3, r"\u2028"),
                    [0xe2, 0x80, 0xa9, ..] => line.replace(at, 3, r"\u2029"),
                    _ => {}
                },
                Some(_) => {}
            }
            at += 1;
        }
        at += 1;
    }
}

struct Line<'j> {
    json: &'j str,
    /// Up to where the text is written.
    written: usize,
    text: String,
}

impl<'j> Line<'j> {
    /// Writes what is before a place where a character begins, and something else for so many bytes there.
    fn replace(&mut self, at: usize, length: usize, instead: &str) {
        self.text.push_str(&self.json[self.written..at]);
        self.text.push_str(instead);
        self.written = at + length;
    }

    fn end(mut self) -> Cow<'j, str> {
        if self.written == 0 {
            return Cow::Borrowed(self.json);
        }
        self.text.push_str(&self.json[self.written..]);
        Cow::Owned(self.text)
    }
}
