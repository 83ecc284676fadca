//! A record of CSV as RFC 4180 writes it: where its fields are, and where it ends.

use std::borrow::Cow;
use std::io;
use std::ops::Range;

/// What was found at the beginning of bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The fields that are whole, as they were written.
    pub(crate) fields: Vec<Range<usize>>,
    pub(crate) end: End,
}

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Well, after so many bytes; its line end is among them.
    At(usize),
    /// More bytes are needed to tell.
    Unknown,
    /// A quote opens in the next field, and the bytes end before it is closed.
    OpenQuote,
    /// In the next field something follows the closing quote.
    AfterQuote,
}

/// Finds the first record. A line ends with `\n`, `\r\n` or `\r`; `last` says that no bytes follow.
pub(crate) fn scan(bytes: &[u8], delimiter: u8, last: bool) -> Record {
    let mut fields = Vec::new();
    let end = walk(bytes.iter().copied().map(Ok), delimiter, last, |field| fields.push(field));
    // Bytes in memory can be read.
    Record { fields, end: end.unwrap_or(End::Unknown) }
}

/// How the first record ends, however long it is, and how many fields are whole: what [`scan`] finds in all the bytes.
pub(crate) fn end_of(bytes: impl Iterator<Item = io::Result<u8>>, delimiter: u8) -> io::Result<(End, usize)> {
    let mut fields = 0;
    let end = walk(bytes, delimiter, true, |_| fields += 1)?;
    Ok((end, fields))
}

/// Goes through the first record, byte by byte, and shows each field.
fn walk(
    bytes: impl Iterator<Item = io::Result<u8>>,
    delimiter: u8,
    last: bool,
    mut field: impl FnMut(Range<usize>),
) -> io::Result<End> {
    /// What was read before.
    enum Before {
        Delimiter,
        Plain,
        Quoted,
        /// A quote inside quotes: the closing one, or the first of a pair.
        Quote,
        Return,
    }
    let (mut before, mut start, mut at) = (Before::Delimiter, 0, 0);
    for byte in bytes {
        before = match (before, byte?) {
            (Before::Return, b'\n') => return Ok(End::At(at + 1)),
            (Before::Return, _) => return Ok(End::At(at)),
            (Before::Quoted, b'"') => Before::Quote,
            (Before::Quoted, _) | (Before::Delimiter | Before::Quote, b'"') => Before::Quoted,
            (_, byte) if byte == delimiter || matches!(byte, b'\n' | b'\r') => {
                field(start..at);
                start = at + 1;
                match byte {
                    b'\n' => return Ok(End::At(at + 1)),
                    b'\r' => Before::Return,
                    _ => Before::Delimiter,
                }
            }
            (Before::Quote, _) => return Ok(End::AfterQuote),
            (Before::Delimiter | Before::Plain, _) => Before::Plain,
        };
        at += 1;
    }
    match before {
        Before::Quoted => return Ok(End::OpenQuote),
        Before::Return => {}
        _ => field(start..at),
    }
    Ok(if last { End::At(at) } else { End::Unknown })
}

/// What a field says.
pub(crate) fn unquote(field: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = field.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return Cow::Borrowed(field);
    };
    if !inner.contains(&b'"') {
        return Cow::Borrowed(inner);
    }
    // Inside, quotes come in pairs.
    let mut pair = false;
    let kept = inner.iter().filter(|byte| {
        pair = **byte == b'"' && !pair;
        !pair
    });
    Cow::Owned(kept.copied().collect())
}

/// A text as a field, always in quotes.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(bytes: &[u8], fields: &[Range<usize>]) -> Vec<Vec<u8>> {
        fields.iter().map(|range| unquote(&bytes[range.clone()]).into_owned()).collect()
    }

    #[test]
    fn each_way_to_end_is_told() {
        for (text, end) in [
            ("a,b\nc", End::At(4)),
            ("a,b\r\nc", End::At(5)),
            ("a,b\rc", End::At(4)),
            ("a,\"x\ny\"\n", End::At(8)),
            ("\n", End::At(1)),
            ("a,b\r", End::Unknown),
            ("a,b", End::Unknown),
            ("a,\"b\"", End::Unknown),
            ("a,\"b", End::OpenQuote),
            ("a,\"b\"\"", End::OpenQuote),
            ("\"", End::OpenQuote),
            ("a,\"b\"c\n", End::AfterQuote),
            ("a,12\" pipe\n", End::At(11)),
        ] {
            assert_eq!(scan(text.as_bytes(), b',', false).end, end, "{text:?}");
        }
        assert_eq!(scan(b"a,b\r", b',', true).end, End::At(4));
        assert_eq!(scan(b"a,b", b',', true).end, End::At(3));
    }

    proptest! {
        /// Whatever a writer of CSV wrote is read as it was meant, record after record, and nothing is left over.
        #[test]
        fn what_a_writer_wrote_is_read(rows in prop::collection::vec(prop::collection::vec("[a\",;\n\r é]{0,6}", 1..5), 1..5)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let mut rest = &text[..];
            for row in &rows {
                let record = scan(rest, b',', true);
                let End::At(length) = record.end else { panic!("{record:?} in {text:?}") };
                let expected: Vec<Vec<u8>> = row.iter().map(|field| field.clone().into_bytes()).collect();
                prop_assert_eq!(texts(rest, &record.fields), expected);
                rest = &rest[length..];
            }
            prop_assert!(rest.is_empty());
        }

        /// A record cut anywhere is never taken for a whole one of other content.
        #[test]
        fn a_cut_record_asks_for_more_or_is_refused(text in "[a\",\n\r]{0,12}", cut in 0_usize..12) {
            let whole = scan(text.as_bytes(), b',', false);
            let part = scan(&text.as_bytes()[..cut.min(text.len())], b',', false);
            match (whole.end, part.end) {
                (End::At(length), End::At(shorter)) => prop_assert_eq!(length, shorter),
                (_, End::At(_)) => prop_assert!(false, "{:?}", text),
                (_, End::AfterQuote) => prop_assert_eq!(whole.end, End::AfterQuote),
                _ => {}
            }
        }

        #[test]
        fn a_record_that_is_read_byte_by_byte_ends_the_same(text in "[a\",\n\r]{0,12}") {
            let whole = scan(text.as_bytes(), b',', true);
            let read = end_of(text.bytes().map(Ok), b',').unwrap();
            prop_assert_eq!(read, (whole.end, whole.fields.len()));
        }

        #[test]
        fn a_quoted_text_is_unquoted_again(text in "\\PC*") {
            let quoted = quote(&text);
            prop_assert_eq!(&*unquote(quoted.as_bytes()), text.as_bytes());
        }
    }
}
