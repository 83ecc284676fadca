//! The rate limit through the whole service: which requests count, and the answers.

use std::net::SocketAddr;

use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Request, RequestParts};
use sspp_api::{RateLimit, Settings};

use super::scopes::guarded;
use crate::harness::{Harness, Reply, memory_ports};

fn limited(more: Settings) -> Settings {
    let rate_limit = Some(RateLimit { rate: "1/h".parse().unwrap(), burst: "3".parse().ok() });
    Settings { rate_limit, ..more }
}

/// Asks from an address.
async fn ask(harness: &Harness, from: &str, headers: &[(&str, &str)]) -> Reply {
    let request = poem::http::Request::builder().uri("/api/v1/event-types");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let remote = RemoteAddr(from.parse::<SocketAddr>().unwrap().into());
    let parts = (request.body(()).unwrap().into_parts().0, LocalAddr::default(), remote, Scheme::HTTP);
    harness.call(Request::from_parts(RequestParts::from(parts), Body::empty())).await
}

#[tokio::test]
async fn a_limited_client_learns_when_to_try_again() {
    let harness = Harness::over(memory_ports(), limited(Settings::default()));
    for left in ["2;t=3600", "1;t=7200", "0;t=10800"] {
        let reply = ask(&harness, "192.0.2.1:5000", &[]).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("ratelimit"), format!("\"default\";r={left}"));
        assert_eq!(reply.header("ratelimit-policy"), "\"default\";q=3;w=10800");
    }
    // Another port is the same address, and no header makes it another one.
    let reply = ask(&harness, "192.0.2.1:6000", &[("x-forwarded-for", "198.51.100.1")]).await;
    assert!(reply.problem(429).to_string().contains("too many requests from"));
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((3_500..=3_600).contains(&wait), "{wait}");
    assert_eq!(reply.header("ratelimit").split(';').nth(1), Some("r=0"));
    assert_eq!(ask(&harness, "192.0.2.2:5000", &[]).await.status, 200);
    for path in ["/health", "/ready", "/livez", "/metrics", "/api/docs", "/api/openapi.json"] {
        let reply = harness.get(path).await;
        assert!(reply.status == 200 && reply.header("ratelimit").is_empty(), "{path} is not counted");
    }
}

#[tokio::test]
async fn keys_are_counted_by_themselves_and_guessing_is_counted_by_address() {
    let (harness, keys) = guarded(limited(Settings::default()));
    let address = "192.0.2.1:5000";
    for _ in 0..3 {
        ask(&harness, address, &[("x-api-key", "sspp_guess")]).await.problem(401);
    }
    ask(&harness, address, &[("x-api-key", "sspp_guess")]).await.problem(429);
    ask(&harness, address, &[]).await.problem(429);
    for _ in 0..3 {
        assert_eq!(ask(&harness, address, &[("x-api-key", keys[0].secret())]).await.status, 200);
    }
    let reply = ask(&harness, "192.0.2.2:5000", &[("x-api-key", keys[0].secret())]).await;
    assert!(reply.problem(429).to_string().contains("ingest"), "the key is counted wherever it comes from");
    assert_eq!(ask(&harness, address, &[("x-api-key", keys[1].secret())]).await.status, 200);
}

#[tokio::test]
async fn behind_a_trusted_proxy_its_clients_are_counted() {
    let trusted_proxies = "10.0.0.0/8".parse().unwrap();
    let harness = Harness::over(memory_ports(), limited(Settings { trusted_proxies, ..Settings::default() }));
    let via_proxy = async |client: &str| {
        ask(&harness, "10.0.0.1:80", &[("x-forwarded-for", client)]).await.status.as_u16()
    };
    for _ in 0..3 {
        assert_eq!(via_proxy("198.51.100.1").await, 200);
    }
    assert_eq!(via_proxy("198.51.100.1").await, 429);
    assert_eq!(via_proxy("203.0.113.5, 198.51.100.1").await, 429);
    assert_eq!(via_proxy("198.51.100.2").await, 200);
}
