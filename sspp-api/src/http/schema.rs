//! Describes types to the document that serde alone writes: instants, raw JSON, counts by name.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use sspp_core::{EventId, Metadata, Timestamp};

use super::forms::nothing;

/// Makes a type known to the document under an inline schema, or (`component`) under a name; its JSON is what serde writes.
macro_rules! documented {
    ($type:ty, $name:literal, $schema:expr) => {
        crate::http::schema::documented!(
            @ $type, $name, crate::http::schema::inline($schema), |_registry| ()
        );
    };
    (component $type:ty, $name:literal, $schema:expr) => {
        crate::http::schema::documented!(
            @ $type, $name, poem_openapi::registry::MetaSchemaRef::Reference($name.to_owned()),
            |registry| registry.create_schema::<$type, _>($name.to_owned(), |_| $schema)
        );
    };
    (@ $type:ty, $name:literal, $reference:expr, |$registry:ident| $register:expr) => {
        impl poem_openapi::types::Type for $type {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                $reference
            }

            fn register($registry: &mut poem_openapi::registry::Registry) {
                $register
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        // The derive asks for it, though answers are only ever written.
        impl poem_openapi::types::ParseFromJSON for $type {
            fn parse_from_json(_: Option<serde_json::Value>) -> poem_openapi::types::ParseResult<Self> {
                Err(poem_openapi::types::ParseError::custom("is only written, never read"))
            }
        }

        impl poem_openapi::types::ToJSON for $type {
            fn to_json(&self) -> Option<serde_json::Value> {
                serde_json::to_value(self).ok()
            }
        }
    };
}

pub(crate) use documented;

/// Makes a type of which every value is the same word. It has a name of its own in the document: generators of clients make a type
/// of each set of words, and number those without a name.
macro_rules! constant {
    (#[doc = $doc:literal] $name:ident, $title:literal = $word:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($word)
            }
        }

        crate::http::schema::documented!(
            component $name,
            $title,
            poem_openapi::registry::MetaSchema {
                description: Some($doc),
                enum_items: vec![$word.into()],
                ..poem_openapi::registry::MetaSchema::new("string")
            }
        );
    };
}

pub(crate) use constant;

/// A schema that has no name of its own.
pub(crate) fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

/// Registers an object whose unknown members are refused.
pub(crate) fn register_closed<T: Type>(registry: &mut Registry) {
    T::register(registry);
    if let Some(schema) = registry.schemas.get_mut(&*T::name()) {
        schema.additional_properties = Some(Box::new(nothing()));
    }
}

/// An instant as text, in UTC.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Instant(pub(crate) Timestamp);

documented!(Instant, "string_date_time", MetaSchema::new_with_format("string", "date-time"));

/// Metadata on one line; otherwise as the producer sent it.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct RawJson(pub(crate) Metadata);

documented!(RawJson, "metadata", object_of_anything());

/// A JSON object with any members.
pub(crate) fn object_of_anything() -> MetaSchema {
    let anything = inline(MetaSchema::ANY);
    MetaSchema { additional_properties: Some(Box::new(anything)), ..MetaSchema::new("object") }
}

/// An event's id.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Id(pub(crate) EventId);

documented!(Id, "string_uuid", MetaSchema::new_with_format("string", "uuid"));

/// Any JSON, byte for byte.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Verbatim(pub(crate) Box<RawValue>);

documented!(Verbatim, "object", object_of_anything());

/// Numbers by name, in the order given.
#[derive(Debug, Clone)]
pub(crate) struct Counts(pub(crate) Vec<(String, u64)>);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

documented!(Counts, "counts", {
    let count = inline(MetaSchema::new_with_format("integer", "int64"));
    MetaSchema { additional_properties: Some(Box::new(count)), ..MetaSchema::new("object") }
});

constant! {
    /// An event was taken.
    AcceptedStatus, "AcceptedStatus" = "accepted"
}
