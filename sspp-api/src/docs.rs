//! The OpenAPI document and the page that shows it. The page holds its scripts and styles, so it works offline.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use poem::endpoint::make_sync;
use poem::{Endpoint, Response};
use poem_openapi::{ExtraHeader, LicenseObject, OpenApi, OpenApiService};
use sha2::{Digest as _, Sha256};

use crate::document::complete;
use crate::routes::Api;
use crate::{examples, guard};

pub(crate) const DOCS_PATH: &str = "/api/docs";
pub(crate) const DOCUMENT_PATH: &str = "/api/openapi.json";

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
        guard::describe(Api::meta())
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
    OpenApiService::new(Described, "Sales Signal Processing Platform", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .license(LicenseObject::new("MIT OR Apache-2.0"))
        .extra_response_header::<String, _>(
            ExtraHeader::new("x-request-id")
                .description("The request's id: the client's own, or one made here"),
        )
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

fn page_html(prefix: &str) -> String {
    let described = described(prefix);
    let document = described.spec();
    described.swagger_ui_html().replacen(&document, &finished(&document), 1)
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
