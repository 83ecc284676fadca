//! The service as one endpoint: every operation under the prefix, probes bare as well, the docs, all behind the front.

use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{EndpointExt as _, Response, Route, RouteMethod};
use poem_openapi::OpenApi;

use crate::docs::{DOCS_PATH, DOCUMENT_PATH, document_endpoint, index_endpoint, paths_above, ui_endpoint};
use crate::middleware::{Front, RouteTable};
use crate::routes::{Api, api};
use crate::state::App;

/// The service's endpoint: for a server, or to be called in a test.
///
/// ```
/// fn serves(service: &sspp_api::Service) -> &impl poem::Endpoint {
///     service
/// }
/// ```
pub type Service = BoxEndpoint<'static, Response>;

/// What orchestrators and scrapers ask for without a prefix.
const BARE: [&str; 4] = ["/health", "/ready", "/livez", "/metrics"];

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
    let state = &app.0;
    let prefix = state.settings.prefix.as_str();
    let mut table = RouteTable::new();
    let mut route = Route::new();
    let mut operations = HashMap::new();
    api(state).add_routes(&mut operations);
    for (path, methods) in operations {
        route = route.at(format!("{prefix}{path}"), by_method(methods));
    }
    table.add_api(prefix, &Api::meta());
    let mut bare = HashMap::new();
    api(state).add_routes(&mut bare);
    for path in BARE {
        if let Some(methods) = bare.remove(path).filter(|_| !prefix.is_empty()) {
            route = route.at(path, by_method(methods));
            table.add_open(path);
        }
    }
    route = route.at(DOCUMENT_PATH, RouteMethod::new().get(document_endpoint(prefix)));
    route = route.at(DOCS_PATH, RouteMethod::new().get(ui_endpoint(prefix)));
    table.add_open(DOCUMENT_PATH);
    table.add_open(DOCS_PATH);
    for path in paths_above(prefix) {
        if table.find(&path).is_none() {
            table.add_open(&path);
            route = route.at(path, RouteMethod::new().get(index_endpoint()));
        }
    }
    let routes = route.data(Arc::clone(state)).map_to_response();
    Front::new(Arc::clone(state), table, routes).boxed()
}

fn by_method(methods: HashMap<Method, BoxEndpoint<'static>>) -> RouteMethod {
    methods.into_iter().fold(RouteMethod::new(), |route, (method, endpoint)| route.method(method, endpoint))
}
