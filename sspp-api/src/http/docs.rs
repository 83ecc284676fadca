//! Serves the OpenAPI document, and a page that shows it. The page holds its scripts and styles, so it works offline.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use poem::http::header::{ACCEPT, VARY};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};
use poem::{Request, Response};
use poem_openapi::OpenApiService;
use sha2::{Digest as _, Sha256};

use super::call::Call;
use super::openapi::TITLE;
use super::operation::{Access, Operation};
use super::problem::Problem;
use super::route_table::RouteTable;

pub(crate) const DOCS_PATH: &str = "/api/docs";
const DOCUMENT_PATH: &str = "/api/openapi.json";

/// Adds the document, the page, and what leads a browser there from every path above. Document and page are put together when first
/// asked for.
pub(crate) fn add_pages(
    table: &mut RouteTable,
    prefix: &str,
    document: impl Fn() -> String + Send + Sync + 'static,
) {
    let (document, json, page) = (Arc::new(document), OnceLock::new(), OnceLock::new());
    let shown = Arc::clone(&document);
    let json = Arc::new(move || {
        let json: &Bytes = json.get_or_init(|| Bytes::from(document()));
        Response::builder().content_type("application/json; charset=utf-8").body(json.clone())
    });
    let page = Arc::new(move || {
        let (page, policy): &(Bytes, String) = page.get_or_init(|| with_policy(page_html(&shown())));
        Response::builder()
            .content_type("text/html; charset=utf-8")
            .header("content-security-policy", policy)
            .header("referrer-policy", "no-referrer")
            .header("x-frame-options", "DENY")
            .body(page.clone())
    });
    let mut add = |path: &str, operation| table.add(path, Arc::new(operation));
    add(
        DOCUMENT_PATH,
        Operation::new(Method::GET, "", "document", Access::Open, move |_call: Call| ready(json())),
    );
    add(DOCS_PATH, Operation::new(Method::GET, "", "docs", Access::Open, move |_call: Call| ready(page())));
    for path in paths_above(prefix) {
        add(
            &path,
            Operation::new(Method::GET, "", "index", Access::Open, |call: Call| ready(index(&call.request))),
        );
    }
}

/// A path that no operation has.
pub(super) fn unknown_route(request: &Request) -> Problem {
    let sentence = format!("Cannot {} {}", request.method(), request.uri().path());
    let detail = format!("{sentence}: {DOCS_PATH} lists the operations");
    Problem::new(StatusCode::NOT_FOUND, "unknown-route", detail).with_message(sentence)
}

/// The page: poem-openapi's styles and script of Swagger UI, in a frame of our own.
fn page_html(document: &str) -> String {
    let swagger = OpenApiService::new((), TITLE, "").swagger_ui_html();
    let styles = swagger.split_once("<style").and_then(|(_, rest)| rest.split_once('>'));
    let styles = styles.and_then(|(_, rest)| rest.split_once("</style>")).map_or("", |(styles, _)| styles);
    let script = scripts(&swagger).next().unwrap_or_default();
    // Text of the document must not end the script that holds it.
    let document = document.replace('<', "\\u003c");
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

/// The paths above all that is served: a caller who knows only the address looks there.
fn paths_above(prefix: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for path in [DOCS_PATH, &format!("{prefix}/")] {
        paths.extend(path.match_indices('/').map(|(at, _)| path[..at.max(1)].to_owned()));
    }
    paths
}

/// Leads a browser to the page, and says to others where it is.
fn index(request: &Request) -> Result<Response, Problem> {
    if wants_html(request.headers()) {
        let found = Response::builder().status(StatusCode::FOUND).header("location", DOCS_PATH);
        return Ok(found.header(VARY, "accept").finish());
    }
    Err(unknown_route(request).with_header(VARY, HeaderValue::from_static("accept")))
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
