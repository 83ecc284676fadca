//! Text from outside: UTF-8, perhaps after a byte order mark.

use std::path::Path;

/// Why bytes are not text. Messages read on from what was looked at, such as "the body".
///
/// ```
/// use sspp_events::{TextFault, read_text};
/// assert_eq!(read_text(b"\xff\xfe{\0}\0"), Err(TextFault::NotUtf8Encoded));
/// assert_eq!(read_text(b"caf\xe9"), Err(TextFault::InvalidByte { at: 3 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextFault {
    /// It begins as UTF-16 or UTF-32 does.
    #[error("is UTF-16 or UTF-32: it must be UTF-8")]
    NotUtf8Encoded,
    /// A byte is not UTF-8; in Latin-1, for instance, any letter with an accent.
    #[error("is not UTF-8: byte {at} begins no character")]
    InvalidByte {
        /// Where it is, from 0.
        at: usize,
    },
}

/// Bytes without the UTF-8 byte order mark that spreadsheets and editors put before a text. UTF-16 and UTF-32 are recognised
/// by their first bytes and refused.
///
/// For input that is read piece by piece: only its first piece may begin with a mark.
///
/// ```
/// use sspp_events::skip_byte_order_mark;
/// assert_eq!(skip_byte_order_mark(b"\xef\xbb\xbfid,name"), Ok(&b"id,name"[..]));
/// assert!(skip_byte_order_mark(b"i\0d\0").is_err());
/// ```
pub fn skip_byte_order_mark(bytes: &[u8]) -> Result<&[u8], TextFault> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..] => Err(TextFault::NotUtf8Encoded),
        // Without a mark: the first character of any text that is read here is ASCII.
        [first, second, ..] if (*first == 0) != (*second == 0) => Err(TextFault::NotUtf8Encoded),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(rest),
        _ => Ok(bytes),
    }
}

/// Files that are often taken for text, by how they begin.
const OTHER_FILES: [(&[u8], &str); 3] = [
    (b"PK\x03\x04", "is a spreadsheet or a ZIP archive: save it as text (\"CSV UTF-8\"), or unpack it first"),
    (b"\x1f\x8b", "is compressed with gzip: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it first"),
];

/// What a file is that begins so, where it is no text: words that read on from its name and say what to do.
///
/// ```
/// use sspp_events::not_text;
/// assert_eq!(not_text(b"\x1f\x8b\x08").as_deref(), Some("is compressed with gzip: unpack it first"));
/// assert_eq!(not_text(b"{}"), None);
/// ```
pub fn not_text(start: &[u8]) -> Option<String> {
    let known = OTHER_FILES.iter().find(|(magic, _)| start.starts_with(magic));
    known.map(|(_, what)| (*what).to_owned()).or_else(|| Some(skip_byte_order_mark(start).err()?.to_string()))
}

/// Bytes as text: UTF-8, without a byte order mark.
///
/// ```
/// assert_eq!(sspp_events::read_text(b"\xef\xbb\xbf{}"), Ok("{}"));
/// ```
pub fn read_text(bytes: &[u8]) -> Result<&str, TextFault> {
    let rest = skip_byte_order_mark(bytes)?;
    let before = bytes.len() - rest.len();
    std::str::from_utf8(rest).map_err(|error| TextFault::InvalidByte { at: before + error.valid_up_to() })
}

/// The text of a file, as [`read_text`] reads it; other bytes are an error of the kind `InvalidData`.
///
/// ```
/// let error = sspp_events::read_text_file("no/such/file.toml".as_ref()).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// ```
pub fn read_text_file(path: &Path) -> std::io::Result<String> {
    let bytes = std::fs::read(path)?;
    let text = read_text(&bytes)
        .map_err(|fault| std::io::Error::new(std::io::ErrorKind::InvalidData, format!("it {fault}")))?;
    Ok(text.to_owned())
}
