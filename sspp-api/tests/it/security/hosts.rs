//! Pages of an attacker under a name that leads to this machine (DNS rebinding), and requests that name no host as they should.

use sspp_api::NewKey;

use super::wire::exchange;
use crate::process::{Running, command, refused};

/// The status of a request with these lines after its first.
async fn status(running: &Running, first: &str, lines: &[&str]) -> u16 {
    let request = [&[first], lines, &["connection: close\r\n\r\n"]].concat().join("\r\n");
    let said = exchange(running, request.as_bytes()).await;
    said.split(' ').nth(1).unwrap_or_else(|| panic!("{request}{said:?}")).parse().unwrap()
}

#[tokio::test]
async fn without_keys_only_addresses_localhost_and_listed_names_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let listed = [("SSPP_ALLOWED_HOSTS", "sspp-api, *.svc.cluster.local")];
    let running = Running::start_with(folder.path(), &[], &listed);
    let port = running.base.rsplit(':').next().unwrap().to_owned();
    let evil = format!("host: evil.example:{port}");
    let origin = format!("origin: http://evil.example:{port}");
    for first in [
        "GET /api/v1/signals?limit=1 HTTP/1.1",
        "DELETE /api/v1/accounts/acme HTTP/1.1",
        "POST /api/v1/dead-letters/replay HTTP/1.1",
        "OPTIONS /api/v1/events HTTP/1.1",
        "GET /api/docs HTTP/1.1",
        "GET /metrics HTTP/1.1",
        "GET /health HTTP/1.1",
        "GET /livez HTTP/1.1",
        "GET /nowhere HTTP/1.1",
        "HEAD /api/v1/signals HTTP/1.1",
        "GET /api/v1/signals HTTP/1.0",
    ] {
        let lines = [&*evil, &*origin, "sec-fetch-site: same-origin", "access-control-request-method: POST"];
        assert_eq!(status(&running, first, &lines).await, 421, "{first}");
        let forwarded = [&*evil, "x-forwarded-host: localhost", "forwarded: host=localhost"];
        assert_eq!(status(&running, first, &forwarded).await, 421, "{first}");
    }
    let get = "GET /api/v1/signals HTTP/1.1";
    for bad in ["localhost.evil.example", "127.0.0.1.nip.io", "x.localhost", "sspp-api.evil.example", "127.1"]
    {
        assert_eq!(status(&running, get, &[&format!("Host: {bad}:{port}")]).await, 421, "{bad}");
    }
    for good in [
        "localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "192.0.2.7",
        "[::1]",
        "[fe80::1%25eth0]",
        "SSPP-api",
        "sspp-api.prod.svc.cluster.local",
    ] {
        assert_eq!(status(&running, get, &[&format!("Host: {good}:{port}")]).await, 200, "{good}");
        assert_eq!(status(&running, get, &[&format!("Host: {good}")]).await, 200, "{good}");
    }
    let said = exchange(&running, format!("{get}\r\n{evil}\r\nconnection: close\r\n\r\n").as_bytes()).await;
    for named in ["application/problem+json", "host-not-allowed", "SSPP_ALLOWED_HOSTS", "x-request-id"] {
        assert!(said.contains(named), "{named}: {said}");
    }
}

#[tokio::test]
async fn a_request_names_one_host_with_keys_or_without() {
    let folder = tempfile::tempdir().unwrap();
    let made = NewKey::make("crm", "read".parse().unwrap()).unwrap();
    let key = format!("x-api-key: {}", made.secret());
    for keys in ["", &made.line()] {
        let running = Running::start_with(folder.path(), &[], &[("SSPP_API_KEYS", keys)]);
        for first in ["GET /api/v1/signals HTTP/1.1", "GET /livez HTTP/1.1", "GET /nowhere HTTP/1.1"] {
            for bad in [
                &[][..],
                &["host: localhost", "host: localhost"],
                &["host: localhost", "Host: evil.example"],
                &["host:"],
                &["host: user@localhost"],
                &["host: local host"],
                &["host: localhost:port"],
                &["host: ::1"],
            ] {
                let lines = [bad, &[&*key]].concat();
                assert_eq!(status(&running, first, &lines).await, 400, "{first} {bad:?} {keys}");
            }
        }
        let whole = "GET http://evil.example/api/v1/signals HTTP/1.1";
        assert_eq!(status(&running, whole, &["host: localhost", &key]).await, 400);
        let whole = "GET http://localhost/api/v1/signals HTTP/1.1";
        assert_eq!(status(&running, whole, &["host: localhost", &key]).await, 200);
        assert_eq!(status(&running, "GET /api/v1/signals HTTP/1.0", &[&key]).await, 200);
        // A caller with a key is no page of a stranger.
        let expected = if keys.is_empty() { 421 } else { 200 };
        let named = ["host: sspp.example", &key];
        assert_eq!(status(&running, "GET /api/v1/signals HTTP/1.1", &named).await, expected);
        running.kill();
    }
}

#[tokio::test]
async fn behind_a_gateway_without_keys_the_names_are_those_that_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let open = ["--bind", "0.0.0.0", "--allow-anonymous"];
    let mut running = Running::start_with(folder.path(), &open, &[("SSPP_ALLOWED_HOSTS", "api.example")]);
    running.base = running.base.replace("0.0.0.0", "127.0.0.1");
    let get = "GET /api/v1/signals HTTP/1.1";
    for (host, expected) in [("api.example", 200), ("127.0.0.1", 200), ("evil.example", 421)] {
        assert_eq!(status(&running, get, &[&format!("host: {host}")]).await, expected, "{host}");
    }
}

#[test]
fn what_is_no_host_name_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    for bad in ["https://api.example", "api.example:3000", "a,b/", "*api", "bücher.example"] {
        let said = refused(command(folder.path(), &["--port", "0"]).env("SSPP_ALLOWED_HOSTS", bad));
        assert!(said.len() == 1 && said[0].contains("SSPP_ALLOWED_HOSTS"), "{bad}: {said:?}");
    }
}
