//! Metadata: a JSON object that is checked once, put on one line, and then carried as it is.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::one_line;
use crate::validation::{check_members, check_metadata};

/// Why a text is not acceptable metadata: what is wrong and where.
///
/// ```
/// use sspp_core::Metadata;
/// let fault = Metadata::parse(r#"{"a":{"b":"x\u0000y"}}"#).unwrap_err();
/// assert_eq!(fault.pointer, "/a/b");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metadata{pointer} {detail}")]
pub struct MetadataFault {
    /// JSON pointer (RFC 6901) of the offending member, relative to the metadata.
    pub pointer: String,
    /// A stable code, for instance `nul_character`.
    pub code: &'static str,
    /// What is wrong, to be read after the member's name.
    pub detail: String,
}

/// Anything a producer wants to say about an event: a JSON object, [on one line](one_line).
///
/// Numbers, members, their order and texts stay as the producer wrote them; white space between them does not, so that an
/// event that is sent again with other white space is the same event, and exports of lines have one line a signal. Checked for what could not be stored or would be changed on the way: nesting over 32 levels, NUL characters,
/// lone surrogates, duplicate members, numbers beyond a double.
///
/// ```
/// use sspp_core::Metadata;
/// let metadata = Metadata::parse("{\"campaign\": \"in spring\",\n \"price\": 1.50, \"big\": 1e308}").unwrap();
/// assert_eq!(metadata.as_str(), r#"{"campaign":"in spring","price":1.50,"big":1e308}"#);
/// assert!(Metadata::parse(r#"{"x": 1e400}"#).is_err());
/// assert!(Metadata::parse("[1]").is_err());
/// ```
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Metadata(Box<RawValue>);

impl Metadata {
    /// The deepest nesting allowed; the metadata object itself is level 1.
    pub const MAX_DEPTH: usize = 32;

    /// Checks a JSON text and keeps it.
    pub fn parse(text: &str) -> Result<Self, MetadataFault> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| malformed("must be JSON", &error))?;
        Self::from_raw(raw)
    }

    /// Checks JSON that serde captured and keeps it.
    pub fn from_raw(raw: &RawValue) -> Result<Self, MetadataFault> {
        check_metadata(raw)?;
        Self::on_one_line(raw.to_owned())
    }

    /// Keeps JSON that was checked.
    fn on_one_line(checked: Box<RawValue>) -> Result<Self, MetadataFault> {
        let line = match one_line(checked.get()) {
            Cow::Borrowed(_) => return Ok(Self(checked)),
            Cow::Owned(line) => line,
        };
        RawValue::from_string(line).map(Self).map_err(|error| malformed("must be JSON", &error))
    }

    /// Serializes any value as metadata; it must become a JSON object.
    pub fn from_serialize(value: &impl Serialize) -> Result<Self, MetadataFault> {
        Self::parse(Self::write(value)?.get())
    }

    /// Checks members and writes them down, in their order: as [`parse`](Self::parse) would judge their text, for less time.
    ///
    /// ```
    /// use serde_json::{Map, Value};
    /// use sspp_core::Metadata;
    /// let members = Map::from_iter([("campaign".to_owned(), Value::from("spring"))]);
    /// assert_eq!(Metadata::from_members(&members).unwrap().as_str(), r#"{"campaign":"spring"}"#);
    /// let members = Map::from_iter([("name".to_owned(), Value::from("a\0"))]);
    /// assert_eq!(Metadata::from_members(&members).unwrap_err().pointer, "/name");
    /// ```
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, MetadataFault> {
        check_members(members)?;
        Self::on_one_line(Self::write(members)?)
    }

    fn write(value: &impl Serialize) -> Result<Box<RawValue>, MetadataFault> {
        to_raw_value(value).map_err(|error| malformed("could not be written as JSON", &error))
    }

    /// Wraps the text of metadata that was stored.
    #[doc(hidden)]
    pub fn stored(raw: Box<RawValue>) -> Self {
        Self(raw)
    }

    /// The text, on one line.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The text as serde's raw value.
    pub fn as_raw(&self) -> &RawValue {
        &self.0
    }
}

fn malformed(what: &str, error: &serde_json::Error) -> MetadataFault {
    MetadataFault { pointer: String::new(), code: "malformed_json", detail: format!("{what}: {error}") }
}

/// Checks as [`Metadata::parse`] does.
impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_raw(&raw).map_err(serde::de::Error::custom)
    }
}

impl Default for Metadata {
    /// `{}`
    fn default() -> Self {
        Self(RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Metadata {}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} bytes)", self.as_str().len())
    }
}
