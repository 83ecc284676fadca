//! The OpenAPI document, written from what operations declare.

use poem_openapi::registry::{MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type as _;
use serde_json::{Map, Value, json};

use super::documentation::{Documentation, failure, header};
use super::examples::add_examples;
use super::forms::complete;
use super::operation::{Access, Feature, Operation};
use super::problem_document::ProblemDocument;

pub(super) const TITLE: &str = "Sales Signal Processing Platform";
const DESCRIPTION: &str = "Takes sales activity events, scores each into a signal, and answers who is hot.\n\n\
    Errors are problem documents (RFC 9457) that also hold `statusCode`, `error` and `message`. \
    Every answer has an `x-request-id`; send your own to follow a request through the log. \
    Where no keys are configured, a `Host` other than an address, `localhost` or a name of `SSPP_ALLOWED_HOSTS` is a 421. \
    Where keys are configured, an operation needs one with a scope of its `x-scopes`; `admin` includes the others. \
    `/health`, `/ready`, `/livez` and `/metrics` also answer without the prefix.";
const BEARER: &str = "bearerKey";
const HEADER: &str = "headerKey";

/// The OpenAPI document of features under a prefix.
pub(crate) fn document(prefix: &str, features: &[Feature]) -> Value {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let mut registry = Registry::new();
    ProblemDocument::register(&mut registry);
    let (mut paths, mut tags) = (Map::new(), Vec::new());
    for Feature { tag, description, operations, examples } in features {
        tags.push(json!({"name": tag, "description": description}));
        let examples: Value = serde_json::from_str(examples).unwrap_or_default();
        for operation in operations {
            let documentation = operation.documentation();
            documentation.types.iter().for_each(|register| register(&mut registry));
            let mut written = describe(operation, documentation, tag);
            let path = format!("{prefix}{}", operation.path);
            add_examples(&mut written, &path, &examples[operation.id]);
            show_bodies(&written, &mut registry);
            let method = operation.method.as_str().to_ascii_lowercase();
            paths.entry(path).or_insert_with(|| json!({}))[method] = written;
        }
    }
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {
            "title": TITLE,
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "contact": {"name": "SSPP", "url": repository},
            "license": {
                "name": env!("CARGO_PKG_LICENSE"),
                "url": format!("{repository}/blob/main/LICENSE-MIT"),
            },
        },
        "servers": [{"url": "/", "description": "The server of this document"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": registry.schemas,
            "securitySchemes": {
                BEARER: {
                    "type": "http",
                    "description": "`Authorization: Bearer KEY`. If no keys are configured, no key is needed.",
                    "scheme": "bearer",
                },
                HEADER: {
                    "type": "apiKey",
                    "description": "`x-api-key: KEY`, the same key in a header of its own.",
                    "name": "x-api-key",
                    "in": "header",
                },
            },
        },
    });
    complete(&mut document);
    document
}

/// Gives the type of a body the example that its operation recorded.
fn show_bodies(operation: &Value, registry: &mut Registry) {
    for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(Map::values) {
        let name = content["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        if let (Some(schema), Some(example)) =
            (name.and_then(|name| registry.schemas.get_mut(name)), content.get("example"))
        {
            schema.example = Some(example.clone());
        }
    }
}

/// One operation: what it declares, how it fails, and which key it needs.
fn describe(operation: &Operation, documentation: Documentation, tag: &str) -> Value {
    let mut responses = documentation.answers;
    responses.extend(documentation.failures.into_iter().map(failure));
    match operation.access {
        Access::Open | Access::Direct => responses.push(MetaResponse {
            description: "Refused before processing: the detail says why",
            status: None,
            status_range: Some("4XX".to_owned()),
            ..failure(400)
        }),
        Access::Needs(_) => responses.extend([401, 403, 429].map(failure)),
    }
    for answer in &mut responses {
        let description = "The request's id: from the client, or made by the server";
        answer.headers.push(header("x-request-id", description, "string"));
    }
    let mut written = json!({
        "tags": [tag],
        "summary": operation.summary,
        "description": operation.description,
        "operationId": operation.id,
        "responses": MetaResponses { responses },
    });
    if !documentation.parameters.is_empty() {
        written["parameters"] = json!(documentation.parameters);
    }
    if let Some(request) = documentation.request {
        written["requestBody"] = json!(request);
    }
    match operation.access {
        Access::Open | Access::Direct => written["security"] = json!([]),
        Access::Needs(scopes) => {
            written["security"] = json!([{BEARER: []}, {HEADER: []}]);
            // OpenAPI 3.0 has no place of its own for the scopes of a key.
            written["x-scopes"] = scopes.list().map(|scope| Value::from(scope.as_str())).collect();
        }
    }
    written
}
