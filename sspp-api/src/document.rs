//! What poem-openapi cannot say about the document's shapes: members that may be null, and objects that take no others.

use serde_json::{Value, json};

/// Requests whose unknown members are refused.
const CLOSED: [&str; 5] = ["Event", "EventBatch", "CloudEventData", "PreviewRequest", "BulkReplayRequest"];

/// Members that may be null: in a request as if they were not there, in an answer where their description says so.
const NULLABLE: [(&str, &[&str]); 11] = [
    ("BulkReplay", &["nextCursor"]),
    ("BulkReplayRequest", &["reason", "eventType", "from", "to", "limit", "cursor"]),
    ("DeadLetter", &["event"]),
    ("Event", &["eventId", "source"]),
    ("EventState", &["event"]),
    ("Job", &["data"]),
    ("LetterPagination", &["nextCursor"]),
    ("Pagination", &["page", "nextCursor"]),
    ("PreviewRequest", &["model"]),
    ("RecentJob", &["data"]),
    ("SignalStats", &["avg_signal_score"]),
];

/// Completes a document that poem-openapi wrote.
pub(crate) fn complete(document: &mut Value) {
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for (name, schema) in schemas {
            if CLOSED.contains(&name.as_str()) {
                schema["additionalProperties"] = json!(false);
            }
            for (_, members) in NULLABLE.iter().filter(|(nullable, _)| nullable == name) {
                for member in *members {
                    if let Some(member) = schema.pointer_mut(&format!("/properties/{member}")) {
                        member["nullable"] = json!(true);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_that_may_be_null_is_there_and_says_so() {
        let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        for (name, members) in NULLABLE {
            for member in members {
                let place = format!("/components/schemas/{name}/properties/{member}/nullable");
                assert_eq!(document.pointer(&place), Some(&json!(true)), "{place}");
            }
        }
    }
}
