//! The OpenAPI document and the page that shows it. The page holds its scripts and styles, so it works offline.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use poem::endpoint::make_sync;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header::ACCEPT, header::VARY};
use poem::{Endpoint, Request, Response, Result};
use poem_openapi::{ContactObject, LicenseObject, OpenApi, OpenApiService, ServerObject};
use sha2::{Digest as _, Sha256};

use crate::document::complete;
use crate::dto::header;
use crate::error::Problem;
use crate::routes::Api;
use crate::{examples, guard};

pub(crate) const DOCS_PATH: &str = "/api/docs";
pub(crate) const DOCUMENT_PATH: &str = "/api/openapi.json";

const TITLE: &str = "Sales Signal Processing Platform";
const DESCRIPTION: &str = "Takes sales activity events, scores each into a signal, and answers who is hot.\n\n\
    Errors are problem documents (RFC 9457) that also hold `statusCode`, `error` and `message`. \
    Every answer has an `x-request-id`; send your own to follow a request through the log. \
    Where no keys are configured, a `Host` other than an address, `localhost` or a name of `SSPP_ALLOWED_HOSTS` is a 421. \
    Where keys are configured, an operation needs one with a scope of its `x-scopes`; `admin` includes the others. \
    `/health`, `/ready`, `/livez` and `/metrics` also answer without the prefix.";

/// Stands in for the operations where only their documentation is needed.
struct Described;

impl OpenApi for Described {
    fn meta() -> Vec<poem_openapi::registry::MetaApi> {
        let mut apis = guard::describe(Api::meta());
        let operations = apis.iter_mut().flat_map(|api| &mut api.paths).flat_map(|path| &mut path.operations);
        for answer in operations.flat_map(|operation| &mut operation.responses.responses) {
            let description = "The request's id: the client's own, or one made here";
            answer.headers.push(header("x-request-id", description, "string"));
        }
        apis
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        Api::register(registry);
        guard::register(registry);
    }

    fn add_routes(
        self,
        _routes: &mut std::collections::HashMap<
            String,
            std::collections::HashMap<poem::http::Method, poem::endpoint::BoxEndpoint<'static>>,
        >,
    ) {
    }
}

fn described(prefix: &str) -> OpenApiService<Described, ()> {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let license =
        LicenseObject::new(env!("CARGO_PKG_LICENSE")).url(format!("{repository}/blob/main/LICENSE-MIT"));
    OpenApiService::new(Described, TITLE, env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .contact(ContactObject::new().name("SSPP").url(repository))
        .license(license)
        .server(ServerObject::new("/").description("The server that gave this document"))
        .url_prefix(prefix)
}

/// The OpenAPI document of an API under a prefix, as JSON.
///
/// ```
/// assert!(sspp_api::openapi_document("/v2").contains("\"/v2/signals/{id}\""));
/// ```
pub fn openapi_document(prefix: &str) -> String {
    finished(&described(prefix).spec())
}

/// What poem-openapi cannot say.
fn finished(document: &str) -> String {
    let Ok(mut document) = serde_json::from_str(document) else { return document.to_owned() };
    guard::annotate(&mut document);
    examples::annotate(&mut document);
    complete(&mut document);
    format!("{document:#}")
}

/// Serves the document.
pub(crate) fn document_endpoint(prefix: &str) -> impl Endpoint<Output = Response> + 'static {
    let prefix = prefix.to_owned();
    let document = OnceLock::new();
    make_sync(move |_| {
        let document = document.get_or_init(|| Bytes::from(openapi_document(&prefix)));
        Response::builder().content_type("application/json; charset=utf-8").body(document.clone())
    })
}

/// The page: poem-openapi's styles and script of Swagger UI, in a frame of our own.
fn page_html(prefix: &str) -> String {
    let swagger = described(prefix).swagger_ui_html();
    let styles = swagger.split_once("<style").and_then(|(_, rest)| rest.split_once('>'));
    let styles = styles.and_then(|(_, rest)| rest.split_once("</style>")).map_or("", |(styles, _)| styles);
    let script = scripts(&swagger).next().unwrap_or_default();
    // Text of the document must not end the script that holds it.
    let document = openapi_document(prefix).replace('<', "\\u003c");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{TITLE}: API</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>{styles}</style>\n</head>\n<body>\n<div id=\"ui\"></div>\n\
         <script>{script}</script>\n\
         <script>SwaggerUIBundle({{dom_id: '#ui', deepLinking: true, spec: {document}}})</script>\n</body>\n</html>\n"
    )
}

/// The page and what it may do: run the scripts that it was built with and no other, ask this server, and stand in no frame.
fn with_policy(page: String) -> (Bytes, String) {
    let scripts: Vec<_> = scripts(&page)
        .map(|script| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script))))
        .collect();
    let policy = format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        scripts.join(" ")
    );
    (Bytes::from(page), policy)
}

/// What stands between the tags of every script, as a browser reads them.
fn scripts(page: &str) -> impl Iterator<Item = &str> {
    let mut rest = page;
    std::iter::from_fn(move || {
        let (_, opened) = rest.split_once("<script")?;
        let (_, content) = opened.split_once('>')?;
        let (script, after) = content.split_once("</script>")?;
        rest = after;
        Some(script)
    })
}

/// Serves the page; it is put together when first asked for, since it is large.
pub(crate) fn ui_endpoint(prefix: &str) -> impl Endpoint<Output = Response> + 'static {
    let prefix = prefix.to_owned();
    let page = OnceLock::new();
    make_sync(move |_| {
        let (page, policy) = page.get_or_init(|| with_policy(page_html(&prefix)));
        Response::builder()
            .content_type("text/html; charset=utf-8")
            .header("content-security-policy", policy)
            .header("referrer-policy", "no-referrer")
            .header("x-frame-options", "DENY")
            .body(page.clone())
    })
}

/// The paths above all that is served: where someone looks who knows the address alone.
pub(crate) fn paths_above(prefix: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for path in [DOCS_PATH, &format!("{prefix}/")] {
        paths.extend(path.match_indices('/').map(|(at, _)| path[..at.max(1)].to_owned()));
    }
    paths
}

/// Leads a browser to the page, and tells others where it is.
pub(crate) fn index_endpoint() -> impl Endpoint<Output = Response> + 'static {
    make_sync(|request: Request| -> Result<Response> {
        if wants_html(request.headers()) {
            let found = Response::builder().status(StatusCode::FOUND).header("location", DOCS_PATH);
            return Ok(found.header(VARY, "accept").finish());
        }
        let problem = Problem::unknown_route(request.method().as_str(), request.uri().path());
        Err(problem.with_header(VARY, HeaderValue::from_static("accept")).into())
    })
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|list| list.split(','))
        .any(|one| one.trim().to_ascii_lowercase().starts_with("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_above_are_the_root_and_all_between() {
        let above = |prefix: &'static str| paths_above(prefix).into_iter().collect::<Vec<_>>();
        assert_eq!(above("/api/v1"), ["/", "/api", "/api/v1"]);
        assert_eq!(above(""), ["/", "/api"]);
        assert_eq!(above("/sales"), ["/", "/api", "/sales"]);
    }
}
