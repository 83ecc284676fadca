//! What poem-openapi cannot say about the document's shapes: members that may be null, and objects that take no others.

use serde_json::{Value, json};

/// Requests whose unknown members are refused.
const CLOSED: [&str; 5] = ["Event", "EventBatch", "CloudEventData", "PreviewRequest", "BulkReplayRequest"];

/// Completes a document that poem-openapi wrote.
pub(crate) fn complete(document: &mut Value) {
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for (name, schema) in schemas {
            if CLOSED.contains(&name.as_str()) {
                schema["additionalProperties"] = json!(false);
            }
            if let Some(cursor) = schema.pointer_mut("/properties/nextCursor") {
                cursor["nullable"] = json!(true);
            }
        }
    }
}
