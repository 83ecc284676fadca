//! The OpenAPI document, written from what operations declare.

use std::collections::HashMap;

use poem_openapi::registry::{MetaOperation, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type as _;
use serde_json::{Map, Value, json};

use super::documentation::{Documentation, failure, header};
use super::examples::add_examples;
use super::forms::complete;
use super::operation::{Access, Feature, Operation, Tag};
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
    for Feature { tag, operations, examples } in features {
        tags.push(json!({"name": tag.name, "description": tag.description}));
        let examples: Value = serde_json::from_str(examples).unwrap_or_default();
        for operation in operations {
            let documentation = operation.documentation();
            documentation.types.iter().for_each(|register| register(&mut registry));
            let mut written = describe(operation, documentation, *tag);
            let path = format!("{prefix}{}", operation.path);
            add_examples(&mut written, &path, &examples[operation.id]);
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
        "servers": [{"url": "/", "description": "The server that gave this document"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": registry.schemas,
            "securitySchemes": {
                BEARER: {
                    "type": "http",
                    "description": "`Authorization: Bearer KEY`. Where no keys are configured, none is asked for.",
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

/// One operation: what it declares, how it fails, and which key it needs.
fn describe(operation: &Operation, documentation: Documentation, tag: Tag) -> Value {
    let mut responses = documentation.answers;
    responses.extend(documentation.failures.into_iter().map(failure));
    let security = match operation.access {
        Access::Open => {
            responses.push(MetaResponse {
                description: "Refused before it was processed: the detail says why",
                status: None,
                status_range: Some("4XX".to_owned()),
                ..failure(400)
            });
            vec![]
        }
        Access::Needs(_) => {
            responses.extend([401, 403, 429].map(failure));
            vec![HashMap::from([(BEARER, vec![])]), HashMap::from([(HEADER, vec![])])]
        }
    };
    for answer in &mut responses {
        let description = "The request's id: the client's own, or one made here";
        answer.headers.push(header("x-request-id", description, "string"));
    }
    let written = MetaOperation {
        method: operation.method.clone(),
        tags: vec![tag.name],
        summary: Some(operation.summary),
        description: Some(operation.description),
        external_docs: None,
        params: documentation.parameters,
        request: documentation.request,
        responses: MetaResponses { responses },
        deprecated: false,
        security,
        operation_id: Some(operation.id),
        code_samples: vec![],
    };
    let mut written = serde_json::to_value(written).unwrap_or_default();
    match operation.access {
        // poem-openapi leaves an empty list out.
        Access::Open => written["security"] = json!([]),
        // OpenAPI 3.0 has no place of its own for the scopes of a key.
        Access::Needs(scopes) => {
            written["x-scopes"] = scopes.list().map(|scope| Value::from(scope.as_str())).collect();
        }
    }
    written
}
