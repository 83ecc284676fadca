//! Many events, as the document shows them.

use poem_openapi::Object;
use poem_openapi::registry::{MetaMediaType, MetaSchema, MetaSchemaRef};
use serde_json::json;

use super::event::EventSchema;
use crate::http::media;
use crate::http::schema::inline;

/// Many events.
// Only described by this type, as an event is.
#[derive(Debug, Object)]
#[oai(rename = "EventBatch", rename_all = "camelCase")]
pub(super) struct BatchSchema {
    /// The events, each at most 256 KiB; each is judged by itself.
    #[oai(validator(min_items = 1, max_items = 1000))]
    events: Vec<EventSchema>,
}

/// The forms of a batch in the document. `CloudEvents` are left to words: of two JSON bodies, openapi-python-client makes a client
/// that cannot be loaded, or that fails on each where one is an array, and senders of `CloudEvents` read no document.
pub(super) fn batch_content(json: MetaSchemaRef) -> Vec<MetaMediaType> {
    let lines = || {
        let example = concat!(
            r#"{"accountId":"acc_1","userId":"user_1","eventType":"email_opened","timestamp":"2024-12-21T10:00:00Z"}"#,
            "\n",
            r#"{"accountId":"acc_2","userId":"user_2","eventType":"call_made","timestamp":"2024-12-21T10:05:00Z"}"#,
            "\n"
        );
        let schema = MetaSchema { example: Some(json!(example)), ..MetaSchema::new("string") };
        inline(schema)
    };
    vec![
        media("application/json", json),
        media("application/x-ndjson", lines()),
        media("application/jsonl", lines()),
    ]
}
