//! What pages in a browser may do: those of other origins, and the documentation's own.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use sspp_api::Settings;

use super::scopes::guarded;
use crate::harness::{Harness, memory_ports};

const APP: &str = "https://app.example";
const EVIL: &str = "https://evil.example";

fn preflight(origin: &str) -> [(&str, &str); 3] {
    [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,x-api-key"),
    ]
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_ask_with_a_key_and_read_every_answer() {
    let (harness, keys) = guarded(Settings { cors: APP.parse().unwrap(), ..Settings::default() });
    let reply = harness.send("OPTIONS", "/api/v1/events", &preflight(APP), ()).await;
    assert_eq!(reply.status, 204, "a preflight shows no key: {reply:?}");
    assert_eq!(reply.header("access-control-allow-origin"), APP);
    assert!(reply.header("access-control-allow-methods").contains("POST"));
    for name in ["authorization", "x-api-key", "content-type", "idempotency-key"] {
        assert!(
            reply.header("access-control-allow-headers").split(", ").any(|header| header == name),
            "{name}"
        );
    }
    assert!(reply.header("access-control-allow-credentials").is_empty());

    let reply = harness.send("GET", "/api/v1/signals", &[("origin", APP)], ()).await;
    reply.problem(401);
    assert_eq!(reply.header("access-control-allow-origin"), APP, "the page can read why it was refused");
    assert!(reply.header("access-control-expose-headers").contains("x-request-id"));
    assert_eq!(reply.header("vary"), "Origin");
    let reply =
        harness.send("GET", "/api/v1/signals", &[("origin", APP), ("x-api-key", keys[1].secret())], ()).await;
    assert_eq!(reply.status, 200);

    harness.send("OPTIONS", "/api/v1/events", &preflight(EVIL), ()).await.problem(405);
    let reply = harness.send("GET", "/livez", &[("origin", EVIL)], ()).await;
    assert!(reply.header("access-control-allow-origin").is_empty() && reply.header("vary") == "Origin");
}

#[tokio::test]
async fn no_page_may_do_anything_unless_it_is_configured() {
    let harness = Harness::direct();
    harness.send("OPTIONS", "/api/v1/events", &preflight(APP), ()).await.problem(405);
    let reply = harness.send("GET", "/api/v1/signals", &[("origin", APP)], ()).await;
    assert!(reply.header("access-control-allow-origin").is_empty() && reply.header("vary").is_empty());
    let json = ("content-type", "application/json");
    let event = crate::harness::event("a", "email_sent", "{}");
    let foreign = [json, ("origin", EVIL), ("sec-fetch-site", "cross-site")];
    let message =
        harness.send("POST", "/api/v1/events", &foreign, event.clone()).await.problem(403).to_string();
    assert!(message.contains("SSPP_CORS_ORIGINS"), "{message}");
    assert!(harness.holds().await == 0);
    let own = [json, ("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")];
    assert_eq!(harness.send("POST", "/api/v1/events", &own, event).await.status, 202);
}

#[tokio::test]
async fn every_origin_may_where_it_is_so_configured() {
    let harness =
        Harness::over(memory_ports(), Settings { cors: "*".parse().unwrap(), ..Settings::default() });
    let reply = harness.send("OPTIONS", "/api/v1/events", &preflight(EVIL), ()).await;
    assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (204, "*"));
}

#[tokio::test]
async fn the_documentation_runs_its_own_scripts_and_stands_in_no_frame() {
    let harness = Harness::direct();
    let page = harness.get("/api/docs").await;
    let policy = page.header("content-security-policy");
    for rule in ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    let directive = policy.split("; ").find(|rule| rule.starts_with("script-src")).unwrap();
    assert!(!directive.contains("unsafe"), "{directive}");
    // The page's last script starts the interface: the policy must let it run.
    let (_, after) = page.text.rsplit_once("<script>").unwrap();
    let (script, _) = after.split_once("</script>").unwrap();
    assert!(script.contains("SwaggerUIBundle("));
    assert!(directive.contains(&BASE64_STANDARD.encode(Sha256::digest(script))), "{directive}");
    assert_eq!(directive.matches("sha256-").count(), 2, "{directive}");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    for path in ["/api/docs", "/api/openapi.json", "/api/v1/signals", "/livez", "/nowhere"] {
        assert_eq!(harness.get(path).await.header("x-content-type-options"), "nosniff", "{path}");
    }
}
