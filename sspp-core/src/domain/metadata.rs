//! Metadata: a JSON object that is checked once and then carried verbatim.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

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

/// Anything a producer wants to say about an event: a JSON object, kept byte for byte.
///
/// Checked for what could not be stored or would be changed on the way: nesting over 32 levels, NUL characters,
/// lone surrogates, duplicate members, numbers beyond a double.
///
/// ```
/// use sspp_core::Metadata;
/// let metadata = Metadata::parse(r#"{"campaign": "spring", "big": 1e308}"#).unwrap();
/// assert_eq!(metadata.as_str(), r#"{"campaign": "spring", "big": 1e308}"#);
/// assert!(Metadata::parse(r#"{"x": 1e400}"#).is_err());
/// assert!(Metadata::parse("[1]").is_err());
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Box<RawValue>);

impl Metadata {
    /// The deepest nesting allowed; the metadata object itself is level 1.
    pub const MAX_DEPTH: usize = 32;

    /// Checks a JSON text and keeps it.
    pub fn parse(text: &str) -> Result<Self, MetadataFault> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| MetadataFault {
            pointer: String::new(),
            code: "malformed_json",
            detail: format!("must be JSON: {error}"),
        })?;
        Self::from_raw(raw)
    }

    /// Checks JSON that serde captured and keeps it.
    pub(crate) fn from_raw(raw: &RawValue) -> Result<Self, MetadataFault> {
        check_metadata(raw).map(|()| Self(raw.to_owned()))
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
        Self::write(members).map(Self)
    }

    fn write(value: &impl Serialize) -> Result<Box<RawValue>, MetadataFault> {
        to_raw_value(value).map_err(|error| MetadataFault {
            pointer: String::new(),
            code: "malformed_json",
            detail: format!("could not be written as JSON: {error}"),
        })
    }

    /// Wraps text that [`check_metadata`] passed.
    #[cfg(feature = "scoring")]
    pub(crate) fn checked(raw: Box<RawValue>) -> Self {
        Self(raw)
    }

    /// The text as it came.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The text as serde's raw value.
    pub fn as_raw(&self) -> &RawValue {
        &self.0
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
