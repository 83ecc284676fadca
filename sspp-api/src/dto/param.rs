//! Parameters that the document shows with their true type. They are read as text elsewhere, so that one answer can list every
//! violation: a typed extractor would stop at the first.

use std::marker::PhantomData;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::json;

use super::Reason;

/// The schema of a parameter.
pub(crate) trait ParamSchema: Send + Sync {
    fn schema() -> MetaSchemaRef;

    /// Makes what the schema refers to known to the document.
    fn register(_registry: &mut Registry) {}
}

/// A query parameter that is only documented here.
#[derive(Debug)]
pub(crate) struct Query<P>(PhantomData<P>);

/// A header that is only documented here.
#[derive(Debug)]
pub(crate) struct Header<P>(PhantomData<P>);

/// A part of the path, as text. (poem-openapi numbers path parameters by this type's name.)
#[derive(Debug)]
pub(crate) struct Path<P>(pub(crate) String, PhantomData<P>);

macro_rules! extractor {
    ($name:ident, $place:ident, $required:literal, $schema:expr, |$request:ident, $options:ident| $read:expr) => {
        impl<'a, P: ParamSchema> ApiExtractor<'a> for $name<P> {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
            const PARAM_IS_REQUIRED: bool = $required;
            type ParamType = String;
            type ParamRawType = ();

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::$place)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some($schema)
            }

            fn register(registry: &mut Registry) {
                P::register(registry);
            }

            async fn from_request(
                $request: &'a Request,
                _body: &mut RequestBody,
                $options: ExtractParamOptions<String>,
            ) -> Result<Self> {
                $read
            }
        }
    };
}

extractor!(Query, Query, false, without_example(P::schema()), |_request, _options| Ok(Self(PhantomData)));
extractor!(Header, Header, false, without_example(P::schema()), |_request, _options| Ok(Self(PhantomData)));
extractor!(Path, Path, true, P::schema(), |request, options| {
    Ok(Self(request.raw_path_param(options.name).unwrap_or_default().to_owned(), PhantomData))
});

macro_rules! params {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)*) => {
        $($(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl ParamSchema for $name {
            fn schema() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new($schema))
            }
        })*
    };
}

params! {
    AccountParam = MetaSchema { max_length: Some(255), example: Some(json!("acc_1")), ..text() };
    UserParam = MetaSchema { max_length: Some(255), example: Some(json!("user_1")), ..text() };
    EventTypeParam = text();
    SignalTypeParam = text();
    InstantParam = MetaSchema::new_with_format("string", "date-time");
    // That it has at most two decimals is said in words: 0.07 is no multiple of 0.01 to a checker that divides doubles.
    ScoreParam = MetaSchema { minimum: Some(0.0), ..MetaSchema::new("number") };
    SortByParam = MetaSchema {
        enum_items: sspp_core::SortBy::ALL.iter().map(|column| json!(column.as_str())).collect(),
        ..text()
    };
    SortOrderParam = MetaSchema { enum_items: vec![json!("ASC"), json!("DESC")], ..text() };
    PageParam = MetaSchema { minimum: Some(1.0), maximum: Some(100_000.0), ..small() };
    LimitParam = MetaSchema { minimum: Some(1.0), maximum: Some(100.0), default: Some(json!(20)), ..small() };
    RecentLimitParam = MetaSchema { minimum: Some(1.0), maximum: Some(100.0), default: Some(json!(10)), ..small() };
    CursorParam = text();
    SignalIdParam = MetaSchema { example: Some(json!(1)), ..MetaSchema::new_with_format("integer", "int64") };
    FormatParam = MetaSchema {
        enum_items: vec![json!("csv"), json!("ndjson")],
        default: Some(json!("ndjson")),
        ..text()
    };
    JobIdParam = MetaSchema {
        example: Some(json!("0197d3c5-5c00-7000-8000-000000000001")),
        ..MetaSchema::new_with_format("string", "uuid")
    };
    EventIdParam = MetaSchema {
        min_length: Some(1),
        max_length: Some(100),
        example: Some(json!("0197d3c5-5c00-7000-8000-000000000001")),
        ..text()
    };
    SourceParam = MetaSchema { min_length: Some(1), max_length: Some(255), ..text() };
    IfNoneMatchParam = text();
    IdempotencyKeyParam = MetaSchema { min_length: Some(1), max_length: Some(100), ..text() };
}

impl ParamSchema for Reason {
    fn schema() -> MetaSchemaRef {
        Self::schema_ref()
    }

    fn register(registry: &mut Registry) {
        <Self as Type>::register(registry);
    }
}

/// The page of the documentation fills in examples: it would send every filter that has one.
fn without_example(schema: MetaSchemaRef) -> MetaSchemaRef {
    match schema {
        MetaSchemaRef::Inline(schema) => {
            MetaSchemaRef::Inline(Box::new(MetaSchema { example: None, ..*schema }))
        }
        reference @ MetaSchemaRef::Reference(_) => reference,
    }
}

fn text() -> MetaSchema {
    MetaSchema::new("string")
}

fn small() -> MetaSchema {
    MetaSchema::new_with_format("integer", "int32")
}
