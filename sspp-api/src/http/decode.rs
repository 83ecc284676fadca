//! Percent-decoding, as strict as it can be: text that is not what its sender meant is refused.

/// A part of a path, decoded as strictly as a query, where a plus is a plus.
pub(super) fn decode_path(text: &str) -> Option<String> {
    decode_query(&text.replace('+', "%2B"))
}

/// Strict decoding of `application/x-www-form-urlencoded` text: a percent sign must begin an escape, the bytes must be
/// UTF-8, and none of them NUL.
pub(super) fn decode_query(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => percent_escape(&mut rest)?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// The byte of an escape, after its percent sign.
pub(crate) fn percent_escape(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit()? << 4 | digit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_strict() {
        assert_eq!(decode_query("a+b%20c%C3%a9").as_deref(), Some("a b cé"));
        for bad in ["%", "%4", "%zz", "%+1", "%ff", "%00", "a%C3"] {
            assert_eq!(decode_query(bad), None, "{bad}");
        }
    }
}
