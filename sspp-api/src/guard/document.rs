//! What the OpenAPI document says of keys: the schemes, and by operation whether it needs a key, with which scope, and how it is
//! refused.

use std::collections::HashMap;

use poem::http::Method;
use poem_openapi::registry::{MetaApi, MetaOperation, MetaResponse, MetaSecurityScheme, Registry};
use serde_json::Value;

use super::Access;
use crate::dto::{ProblemDocument, failure};
use crate::routes::access;

const BEARER: &str = "bearerKey";
const HEADER: &str = "headerKey";
/// The member of an operation that lists the scopes of which a key needs one: OpenAPI 3.0 has no place of its own for it.
const SCOPES: &str = "x-scopes";

/// Adds to every operation how it is refused, and how a key is shown where it needs one.
pub(crate) fn describe(mut apis: Vec<MetaApi>) -> Vec<MetaApi> {
    for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
        for operation in &mut path.operations {
            if access(&operation.method, operation.operation_id) == Access::Open {
                let refused = MetaResponse {
                    description: "Refused before it was looked at: the detail says why",
                    status: None,
                    status_range: Some("4XX".to_owned()),
                    ..failure(400)
                };
                operation.responses.responses.push(refused);
            } else {
                guard(operation);
            }
        }
    }
    apis
}

fn guard(operation: &mut MetaOperation) {
    operation.security = vec![HashMap::from([(BEARER, vec![])]), HashMap::from([(HEADER, vec![])])];
    operation.responses.responses.extend([401, 403, 429].map(failure));
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

/// Adds to a finished document which scopes each operation asks for one of, or that it needs no key.
pub(crate) fn annotate(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operations in paths.values_mut() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap_or_default();
            match access(&method, operation["operationId"].as_str()) {
                // poem-openapi leaves an empty list out.
                Access::Open => operation["security"] = Value::Array(Vec::new()),
                Access::Needs(scopes) => {
                    operation[SCOPES] = scopes.list().map(|scope| Value::from(scope.as_str())).collect();
                }
            }
        }
    }
}
