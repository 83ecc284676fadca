//! Parameters that the document shows with their true type. They are read as text elsewhere, so that one answer can list every
//! violation: a typed extractor would stop at the first.

use std::marker::PhantomData;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchema, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::json;

/// The schema of a parameter.
pub(crate) trait ParamSchema: Send + Sync {
    fn schema() -> MetaSchema;
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
    ($name:ident, $place:ident, $required:literal, |$request:ident, $options:ident| $read:expr) => {
        impl<'a, P: ParamSchema> ApiExtractor<'a> for $name<P> {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
            const PARAM_IS_REQUIRED: bool = $required;
            type ParamType = String;
            type ParamRawType = ();

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::$place)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(MetaSchemaRef::Inline(Box::new(P::schema())))
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

extractor!(Query, Query, false, |_request, _options| Ok(Self(PhantomData)));
extractor!(Header, Header, false, |_request, _options| Ok(Self(PhantomData)));
extractor!(Path, Path, true, |request, options| {
    Ok(Self(request.raw_path_param(options.name).unwrap_or_default().to_owned(), PhantomData))
});

macro_rules! params {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)*) => {
        $($(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl ParamSchema for $name {
            fn schema() -> MetaSchema {
                $schema
            }
        })*
    };
}

params! {
    AccountParam = MetaSchema { max_length: Some(255), example: Some(json!("acc_1")), ..text() };
    UserParam = MetaSchema { max_length: Some(255), example: Some(json!("user_1")), ..text() };
    EventTypeParam = MetaSchema { example: Some(json!("email_clicked")), ..text() };
    SignalTypeParam = MetaSchema { example: Some(json!("high_engagement")), ..text() };
    InstantParam = MetaSchema { example: Some(json!("2024-12-21T10:00:00Z")), ..MetaSchema::new_with_format("string", "date-time") };
    ScoreParam = MetaSchema { minimum: Some(0.0), multiple_of: Some(0.01), example: Some(json!(0.5)), ..MetaSchema::new("number") };
    SortByParam = MetaSchema {
        enum_items: vec![json!("processed_at"), json!("timestamp"), json!("signal_score"), json!("id")],
        default: Some(json!("processed_at")),
        ..text()
    };
    SortOrderParam = MetaSchema {
        enum_items: vec![json!("ASC"), json!("DESC")],
        default: Some(json!("DESC")),
        ..text()
    };
    PageParam = MetaSchema { minimum: Some(1.0), default: Some(json!(1)), ..integer() };
    LimitParam = MetaSchema { minimum: Some(1.0), maximum: Some(100.0), default: Some(json!(20)), ..integer() };
    RecentLimitParam = MetaSchema { minimum: Some(1.0), maximum: Some(100.0), default: Some(json!(10)), ..integer() };
    CursorParam = text();
    SignalIdParam = MetaSchema { example: Some(json!(1)), ..integer() };
    ReasonParam = MetaSchema {
        enum_items: sspp_core::DeadLetterReason::ALL.iter().map(|reason| json!(reason.as_str())).collect(),
        ..text()
    };
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
    SourceParam = MetaSchema { min_length: Some(1), max_length: Some(255), example: Some(json!("crm")), ..text() };
    IfNoneMatchParam = text();
    IdempotencyKeyParam = MetaSchema { min_length: Some(1), max_length: Some(100), example: Some(json!("order-4711")), ..text() };
}

fn text() -> MetaSchema {
    MetaSchema::new("string")
}

fn integer() -> MetaSchema {
    MetaSchema::new_with_format("integer", "int64")
}
