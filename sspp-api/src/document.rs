//! What poem-openapi cannot say about the document's shapes: members that may be null, objects that take no other members,
//! and what a failure looks like.

use serde_json::{Value, json};

use crate::error::PROBLEM_JSON;

/// Requests whose unknown members are refused.
const CLOSED: [&str; 1] = ["Event"];

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
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, operations) in paths {
        let operations = operations.as_object_mut().into_iter().flatten();
        for responses in operations.filter_map(|(_, operation)| operation["responses"].as_object_mut()) {
            for (status, response) in responses {
                let Some(content) = response["content"].get_mut(PROBLEM_JSON) else { continue };
                if let Some(example) = status.parse().ok().and_then(|status| example(status, path)) {
                    content["example"] = example;
                }
            }
        }
    }
}

/// A failure of this status, as clients see it.
fn example(status: u16, path: &str) -> Option<Value> {
    let (kind, title, detail) = match status {
        400 => ("invalid-event", "Bad Request", "accountId should not be empty"),
        401 => ("unauthorized", "Unauthorized", "An API key is needed"),
        403 => ("forbidden", "Forbidden", "The key lacks the scope that this operation needs"),
        404 => ("not-found", "Not Found", "There is no such thing"),
        408 => ("request-timeout", "Request Timeout", "The body did not arrive within 30 seconds"),
        413 => ("too-large", "Payload Too Large", "The event is larger than 262144 bytes"),
        415 => ("unsupported-media-type", "Unsupported Media Type", "Content-Type is missing"),
        429 => ("rate-limited", "Too Many Requests", "Too many requests; see the Retry-After header"),
        500 => ("internal", "Internal Server Error", "Something went wrong on this side"),
        503 => {
            ("unavailable", "Service Unavailable", "The queue cannot take events right now; try again later")
        }
        _ => return None,
    };
    let mut problem = json!({
        "type": format!("urn:sspp:problem:{kind}"),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": path,
        "requestId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "statusCode": status,
        "error": title,
        "message": detail,
    });
    if status == 400 {
        problem["errors"] = json!([{"pointer": "/accountId", "code": "empty", "detail": detail}]);
        problem["message"] = json!([detail]);
    }
    Some(problem)
}
