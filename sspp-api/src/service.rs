//! The service as one endpoint: every feature under the prefix, the document and its page, all behind the front.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt as _, Response};

use crate::http::{Feature, Front, RouteTable, add_pages, document};
use crate::state::App;
use crate::{dead_letters, erasure, events, jobs, models, signals, system};

/// The service's endpoint: for a server, or to be called in a test.
pub type Service = BoxEndpoint<'static, Response>;

/// What the service offers, in the order in which the document shows it.
fn features() -> Vec<Feature> {
    vec![
        events::feature(),
        signals::feature(),
        jobs::feature(),
        dead_letters::feature(),
        models::feature(),
        system::feature(),
        erasure::feature(),
    ]
}

/// Builds the service over an application's state.
///
/// ```no_run
/// # async fn call(app: sspp_api::App) {
/// use poem::Endpoint as _;
/// let request = poem::Request::builder().uri_str("/livez").finish();
/// let answer = sspp_api::service(&app).get_response(request).await;
/// assert!(answer.status().is_success());
/// # }
/// ```
pub fn service(app: &App) -> Service {
    let prefix = app.0.settings.prefix.clone();
    let mut table = RouteTable::new(&prefix, features());
    let documented = prefix.clone();
    add_pages(&mut table, &prefix, move || openapi_document(&documented));
    Front::new(Arc::clone(&app.0), table).boxed()
}

/// The OpenAPI document of an API under a prefix, as JSON.
///
/// ```
/// assert!(sspp_api::openapi_document("/v2").contains("\"/v2/signals/{id}\""));
/// ```
pub fn openapi_document(prefix: &str) -> String {
    format!("{:#}", document(prefix, &features()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn operations_have_ids_of_their_own_and_examples_belong_to_one() {
        let mut ids = HashSet::new();
        for feature in features() {
            let examples: serde_json::Value = serde_json::from_str(feature.examples).unwrap();
            let own: HashSet<&str> = feature.operations.iter().map(|operation| operation.id).collect();
            for id in examples.as_object().unwrap().keys() {
                assert!(own.contains(id.as_str()), "{id} is no operation of {}", feature.tag);
            }
            for operation in &feature.operations {
                assert!(ids.insert(operation.id), "{} is there twice", operation.id);
                assert!(!operation.summary.is_empty(), "{} has no summary", operation.id);
            }
        }
    }
}
