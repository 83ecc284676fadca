//! What the OpenAPI document says of keys: the schemes, and by operation whether it needs a key, with which scope, and how it is
//! refused.

use std::collections::HashMap;

use poem::http::Method;
use poem_openapi::registry::{
    MetaApi, MetaHeader, MetaOperation, MetaResponse, MetaSecurityScheme, Registry,
};
use poem_openapi::types::Type as _;
use serde_json::Value;

use super::Access;
use crate::dto::{ProblemDocument, failure};
use crate::routes::access;

const BEARER: &str = "bearerKey";
const HEADER: &str = "headerKey";
/// The member of an operation that lists the scopes of which a key needs one: OpenAPI 3.0 has no place of its own for it.
const SCOPES: &str = "x-scopes";

/// Adds to every operation that needs a key how it is shown and how it is refused.
pub(crate) fn describe(mut apis: Vec<MetaApi>) -> Vec<MetaApi> {
    for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
        for operation in &mut path.operations {
            if access(&operation.method, operation.operation_id) != Access::Open {
                guard(operation);
            }
        }
    }
    apis
}

fn guard(operation: &mut MetaOperation) {
    operation.security = vec![HashMap::from([(BEARER, vec![])]), HashMap::from([(HEADER, vec![])])];
    let mut refusals = vec![
        with_header(
            failure(401),
            "WWW-Authenticate",
            "How a key is shown, and what was wrong with the one that was",
        ),
        with_header(failure(403), "WWW-Authenticate", "The scope that is missing"),
        with_header(failure(429), "Retry-After", "After how many seconds to try again"),
    ];
    let responses = &mut operation.responses.responses;
    refusals.retain(|refusal| responses.iter().all(|response| response.status != refusal.status));
    responses.append(&mut refusals);
}

fn with_header(mut response: MetaResponse, name: &str, description: &str) -> MetaResponse {
    response.headers.push(MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        schema: String::schema_ref(),
    });
    response
}

/// Registers the ways to show a key.
pub(crate) fn register(registry: &mut Registry) {
    <ProblemDocument as poem_openapi::types::Type>::register(registry);
    let scheme = |ty, description| MetaSecurityScheme {
        ty,
        description: Some(description),
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    let bearer =
        scheme("http", "`Authorization: Bearer KEY`. Where no keys are configured, none is asked for.");
    registry.create_security_scheme(BEARER, MetaSecurityScheme { scheme: Some("bearer"), ..bearer });
    let header = scheme("apiKey", "`x-api-key: KEY`, the same key in a header of its own.");
    registry.create_security_scheme(
        HEADER,
        MetaSecurityScheme { name: Some("x-api-key"), key_in: Some("header"), ..header },
    );
}

/// Adds to a finished document which scopes each operation asks for one of.
pub(crate) fn annotate(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operations in paths.values_mut() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap_or_default();
            let access = access(&method, operation["operationId"].as_str());
            if let (Access::Needs(scopes), Some(operation)) = (access, operation.as_object_mut()) {
                let names = scopes.list().map(|scope| Value::from(scope.as_str())).collect();
                operation.insert(SCOPES.to_owned(), Value::Array(names));
            }
        }
    }
}
