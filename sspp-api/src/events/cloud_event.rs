//! `CloudEvents` 1.0: the structured form as the document shows it, and the attributes of the binary form, which are headers.

use poem::http::{HeaderMap, HeaderName, HeaderValue};
use poem_openapi::Object;
use sspp_core::{CloudEventAttributes, Violation};

use crate::http::percent_escape;
use crate::http::schema::{Instant, RawJson};

/// A `CloudEvent` 1.0. Attributes that are not named here are passed over.
#[derive(Debug, Object)]
#[oai(rename = "CloudEvent", rename_all = "lowercase")]
pub(super) struct CloudEventSchema {
    /// Always `1.0`.
    #[oai(validator(pattern = "^1\\.0$"))]
    specversion: String,
    /// The event id: one that comes again counts once.
    #[oai(validator(min_length = 1, max_length = 100))]
    id: String,
    /// The source; scopes the id.
    #[oai(validator(min_length = 1, max_length = 255))]
    source: String,
    /// The event type: one of the active scoring model's, perhaps after a prefix that ends with a dot
    /// (`com.example.email_opened`).
    #[oai(rename = "type")]
    kind: String,
    /// When it happened. Optional in `CloudEvents`, needed here: without it an event that is sent again would differ from
    /// itself.
    time: Instant,
    /// The account, where the data names none.
    subject: Option<String>,
    /// If given, a JSON type.
    datacontenttype: Option<String>,
    /// The account and the user it is about, and metadata.
    data: CloudDataSchema,
}

/// The data of a `CloudEvent`.
#[derive(Debug, Object)]
#[oai(rename = "CloudEventData", rename_all = "camelCase")]
pub(super) struct CloudDataSchema {
    /// The account; where it is absent, `subject` is the account.
    #[oai(validator(min_length = 1, max_length = 255))]
    account_id: Option<String>,
    /// The user.
    #[oai(validator(min_length = 1, max_length = 255))]
    user_id: String,
    /// Metadata, at most 32 levels deep; kept as it is, but for white space between its parts.
    metadata: Option<RawJson>,
}

const SPEC_VERSION: HeaderName = HeaderName::from_static("ce-specversion");
const ID: HeaderName = HeaderName::from_static("ce-id");
const SOURCE: HeaderName = HeaderName::from_static("ce-source");
const TYPE: HeaderName = HeaderName::from_static("ce-type");
const TIME: HeaderName = HeaderName::from_static("ce-time");
const SUBJECT: HeaderName = HeaderName::from_static("ce-subject");

/// The attributes of a `CloudEvent` in the binary form, and the errors in how they were written.
#[derive(Debug)]
pub(crate) struct CloudHeaders {
    pub(crate) attributes: CloudEventAttributes,
    pub(crate) violations: Vec<Violation>,
}

impl CloudHeaders {
    /// Whether a header makes a request a `CloudEvent` in the binary form.
    pub(super) fn are_in(headers: &HeaderMap) -> bool {
        [SPEC_VERSION, ID, SOURCE, TYPE].iter().any(|name| headers.contains_key(name))
    }

    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut violations = Vec::new();
        let mut read = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter();
            let value = values.next()?;
            let text = decode(value).filter(|_| values.next().is_none());
            if text.is_none() {
                violations.push(Violation {
                    pointer: name.to_string(),
                    code: "malformed".into(),
                    detail: format!("{name} must be given once, as percent-encoded UTF-8"),
                });
            }
            text
        };
        let attributes = CloudEventAttributes {
            spec_version: read(&SPEC_VERSION),
            id: read(&ID),
            source: read(&SOURCE),
            event_type: read(&TYPE),
            time: read(&TIME),
            subject: read(&SUBJECT),
        };
        Self { attributes, violations }
    }
}

/// An attribute's value: out of its quotes, where it has some, then percent-decoded once, as the HTTP binding wants it.
fn decode(value: &HeaderValue) -> Option<String> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?;
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut rest = quoted.unwrap_or(text).bytes();
    let mut bytes = Vec::with_capacity(text.len());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' if quoted.is_some() => rest.next()?,
            b'%' => percent_escape(&mut rest)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_decoded_once() {
        let decoded = |text: &str| decode(&HeaderValue::from_bytes(text.as_bytes()).unwrap());
        for (text, value) in [
            ("order-4711", "order-4711"),
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("a+b%2525", "a+b%25"),
            (r#""a \"b\" \\ c""#, r#"a "b" \ c"#),
            ("\"", "\""),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(value), "{text}");
        }
        for bad in ["100%", "%4", "%zz", "%ff", r#""a\""#] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
