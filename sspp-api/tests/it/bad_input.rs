//! Bad requests of every kind: each is a 4xx that names what is wrong, and nothing of it is queued or stored.

use std::io::Write as _;

use crate::harness::Harness;

/// A good event with some members written otherwise.
fn with(member: &str, json: &str) -> String {
    let mut members = vec![
        ("accountId", "\"acc_1\""),
        ("userId", "\"user_1\""),
        ("eventType", "\"email_sent\""),
        ("timestamp", "\"2024-12-21T10:00:00Z\""),
        ("metadata", "{}"),
    ];
    members.retain(|(name, _)| *name != member);
    if !json.is_empty() {
        members.push((member, json));
    }
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Bodies in JSON: what is sent, and what the answer names.
fn bodies() -> Vec<(Vec<u8>, &'static str)> {
    let long = format!("\"{}\"", "é".repeat(256));
    let long_type = format!("\"{}\"", "x".repeat(101));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let very_deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let members = [
        ("accountId", "", "accountId"),
        ("accountId", "\"\"", "accountId"),
        ("accountId", "null", "accountId"),
        ("accountId", "123", "accountId"),
        ("accountId", "true", "accountId"),
        ("accountId", "[\"a\"]", "accountId"),
        ("accountId", "{\"a\":1}", "accountId"),
        ("accountId", &long, "accountId"),
        ("accountId", "\"a\\u0000b\"", "accountId"),
        ("accountId", "\"a\\nb\"", "accountId"),
        ("accountId", "\"\\ud800\"", "accountId"),
        ("userId", "", "userId"),
        ("userId", "\"\"", "userId"),
        ("userId", "1.5", "userId"),
        ("userId", &long, "userId"),
        ("eventType", "", "eventType"),
        ("eventType", "\"page_view\"", "eventType"),
        ("eventType", "\"EMAIL_SENT\"", "eventType"),
        ("eventType", "\"email_sent \"", "eventType"),
        ("eventType", "1", "eventType"),
        ("eventType", &long_type, "eventType"),
        ("timestamp", "", "timestamp"),
        ("timestamp", "\"\"", "timestamp"),
        ("timestamp", "\"yesterday\"", "timestamp"),
        ("timestamp", "1734775200", "timestamp"),
        ("timestamp", "\"1734775200\"", "timestamp"),
        ("timestamp", "\"2024-02-30\"", "timestamp"),
        ("timestamp", "\"2024-W51-1\"", "timestamp"),
        ("timestamp", "\"2024-356\"", "timestamp"),
        ("timestamp", "\"20241221T100000Z\"", "timestamp"),
        ("timestamp", "\"2024-12-21 10:00:00\"", "timestamp"),
        ("timestamp", "\"2024-12-21T24:00:00Z\"", "timestamp"),
        ("timestamp", "\"2024-12-21T23:59:60Z\"", "timestamp"),
        ("timestamp", "\"2024-12-21T10:00:00,5Z\"", "timestamp"),
        ("timestamp", "\"2024-12-21T10:00:00+0200\"", "timestamp"),
        ("timestamp", "\"2024-12-21T10:00:00+25:00\"", "timestamp"),
        ("timestamp", "\"1969-12-31T23:59:59Z\"", "timestamp"),
        ("timestamp", "\"9999-12-31T23:59:59Z\"", "timestamp"),
        ("timestamp", "\"+012024-01-01T00:00:00Z\"", "timestamp"),
        ("metadata", "null", "metadata"),
        ("metadata", "[1]", "metadata"),
        ("metadata", "\"x\"", "metadata"),
        ("metadata", "1", "metadata"),
        ("metadata", "{\"a\":\"x\\u0000y\"}", "metadata"),
        ("metadata", "{\"\\u0000\":1}", "metadata"),
        ("metadata", "{\"a\":\"\\udfff\"}", "metadata"),
        ("metadata", "{\"a\":1e400}", "metadata"),
        ("metadata", "{\"a\":1,\"a\":2}", "metadata"),
        ("metadata", &deep, "metadata"),
        ("metadata", &very_deep, "metadata"),
        ("eventId", "\"\"", "eventId"),
        ("eventId", "7", "eventId"),
        ("eventId", &long_type, "eventId"),
        ("source", "\"\"", "source"),
        ("source", "{}", "source"),
        ("foo", "1", "foo"),
        ("__proto__", "{}", "__proto__"),
        ("accountid", "\"a\"", "accountid"),
    ];
    let mut bodies: Vec<_> =
        members.iter().map(|(member, json, named)| (with(member, json).into_bytes(), *named)).collect();
    let repeated = with("foo", "").replacen('{', "{\"accountId\":\"a\",", 1);
    bodies.push((repeated.into_bytes(), "accountId"));
    for text in [
        "",
        "   ",
        "{",
        "{\"accountId\":",
        "null",
        "\"abc\"",
        "1",
        "true",
        "[]",
        "{}x",
        "{'a':1}",
        "{\"a\":NaN}",
        "//",
    ] {
        bodies.push((text.as_bytes().to_vec(), "body"));
    }
    bodies.push((b"{}".to_vec(), "accountId"));
    bodies.push((format!("[{}]", with("foo", "")).into_bytes(), "body"));
    bodies.push((format!("{}{}", with("foo", ""), with("foo", "")).into_bytes(), "body"));
    bodies.push((b"\xef\xbb\xbf{}".to_vec(), "accountId"));
    bodies.push((b"{\"accountId\":\"\xff\xfe\"}".to_vec(), "body"));
    bodies.push((with("foo", "").encode_utf16().flat_map(u16::to_le_bytes).collect(), "body"));
    bodies
}

#[tokio::test]
async fn a_bad_event_is_a_400_that_names_the_member() {
    let harness = Harness::direct();
    let bodies = bodies();
    assert!(bodies.len() > 60, "{}", bodies.len());
    for (body, named) in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let reply = harness.post(body).await;
        let message = reply.problem(400).to_string();
        assert!(message.contains(named), "{shown}: {message}");
        assert!(reply.text.len() < 10_000, "a bad request gets a short answer: {shown}");
    }
    assert!(harness.holds().await == 0);
}

/// The routes that take a body: what is sent after a byte order mark, and what it is answered.
#[tokio::test]
async fn a_byte_order_mark_before_a_body_is_skipped() {
    let harness = Harness::direct();
    let event = with("foo", "");
    let cloud = r#"{"specversion":"1.0","id":"1","source":"crm","type":"email_sent","time":"2024-12-21","data":{"accountId":"a","userId":"u"}}"#;
    let batch = format!("{{\"events\":[{event}]}}");
    let lines = format!("{event}\r\n\r\n{event}");
    let json = "application/json";
    let cases = [
        ("/events", json, event.clone(), 202),
        ("/events", "Application/CloudEvents+JSON", cloud.to_owned(), 202),
        ("/events/batch", json, batch.clone(), 202),
        ("/events/batch", "application/x-ndjson", lines.clone(), 202),
        ("/events/batch", "application/cloudevents-batch+json", format!("[{cloud}]"), 202),
        ("/events/validate", json, event, 200),
        ("/events/validate", json, batch.clone(), 200),
        ("/events/validate", "application/x-ndjson", lines, 200),
        ("/scoring/preview", json, batch, 200),
        ("/dead-letters/replay", json, "{\"dryRun\":true}".to_owned(), 202),
    ];
    for (path, content_type, text, status) in cases {
        let (path, headers) = (format!("/api/v1{path}"), [("content-type", content_type)]);
        let reply = harness.send("POST", &path, &headers, format!("\u{feff}{text}")).await;
        assert_eq!(reply.status, status, "{path} {content_type}: {reply:?}");
        assert!(!reply.text.contains("rejected\",\"errors"), "{path} {content_type}: {reply:?}");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let refused = harness.send("POST", &path, &headers, wide).await;
        // The answer to one event that is checked is a verdict about it.
        assert!(refused.text.contains("it must be UTF-8"), "{path} {content_type}: {refused:?}");
    }
    let binary = [
        ("content-type", json),
        ("ce-specversion", "1.0"),
        ("ce-id", "2"),
        ("ce-source", "crm"),
        ("ce-type", "email_sent"),
        ("ce-time", "2024-12-21"),
    ];
    let data = "\u{feff}{\"accountId\":\"a\",\"userId\":\"u\"}";
    assert_eq!(harness.send("POST", "/api/v1/events", &binary, data).await.status, 202);
}

#[tokio::test]
async fn a_body_of_the_wrong_type_size_or_coding_is_refused() {
    let harness = Harness::direct();
    let good = with("foo", "");
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let bomb = vec![b' '; 64 << 20];
    let many_bombs = [gzip(&bomb[..200_000]), gzip(&bomb[..200_000])].concat();
    let truncated = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let json = "application/json";
    let cases: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
        ("text/plain", "", good.clone().into(), 415, "application/json"),
        ("application/vnd.api+json", "", good.clone().into(), 415, "application/json"),
        ("application/x-www-form-urlencoded", "", b"accountId=a".to_vec(), 415, "application/json"),
        ("multipart/form-data; boundary=x", "", b"--x--".to_vec(), 415, "application/json"),
        ("application/json; charset=latin1", "", good.clone().into(), 415, "charset"),
        ("application/json; charset=utf-16", "", good.clone().into(), 415, "charset"),
        ("", "", good.clone().into(), 415, "Content-Type"),
        (json, "br", good.clone().into(), 415, "br"),
        (json, "deflate", good.clone().into(), 415, "deflate"),
        (json, "gzip, gzip", gzip(&gzip(good.as_bytes())), 415, "gzip, gzip"),
        (json, "gzip", good.clone().into(), 400, "gzip"),
        (json, "zstd", good.clone().into(), 400, "zstd"),
        (json, "gzip", truncated(gzip(good.as_bytes())), 400, "gzip"),
        (json, "zstd", truncated(zstd::encode_all(good.as_bytes(), 3).unwrap()), 400, "zstd"),
        (json, "gzip", Vec::new(), 400, ""),
        (json, "gzip", gzip(&bomb), 413, "decompression"),
        (json, "gzip", many_bombs, 413, "decompression"),
        (json, "zstd", zstd::encode_all(&bomb[..], 3).unwrap(), 413, "decompression"),
        (json, "", bomb[..300_000].to_vec(), 413, "262144"),
        (json, "", bomb, 413, "262144"),
    ];
    for (content_type, coding, body, status, named) in cases {
        let mut headers = vec![];
        headers.extend((!content_type.is_empty()).then_some(("content-type", content_type)));
        headers.extend((!coding.is_empty()).then_some(("content-encoding", coding)));
        let reply = harness.send("POST", "/api/v1/events", &headers, body).await;
        reply.problem(status);
        assert!(reply.text.contains(named), "{content_type} {coding}: {reply:?}");
    }
    assert!(harness.holds().await == 0);
}

#[tokio::test]
async fn a_bad_query_is_a_400_that_names_the_parameter() {
    let harness = Harness::direct();
    let long = format!("accountId={}", "x".repeat(256));
    let cases = [
        "page=0",
        "page=-1",
        "page=",
        "page=abc",
        "page=1.5",
        "page=0x2",
        "page=1e1",
        "page=%2B1",
        "page=+1",
        "page=-",
        "page=1&page=2",
        "page=1000000000",
        "page=99999999999999999999",
        "page=%00",
        "page=%D9%A1",
        "page=100001&limit=1",
        "limit=0",
        "limit=101",
        "limit=-5",
        "limit=abc",
        "limit=1.0",
        "limit=",
        "limit=%201",
        "sortBy=account_id",
        "sortBy=",
        "sortBy=ID",
        "sortBy=id;drop%20table%20x",
        "sortBy=id&sortBy=id",
        "sortOrder=asc",
        "sortOrder=",
        "sortOrder=ASC%00",
        "accountId=a&accountId=b",
        "accountId=%00",
        "accountId=%ff",
        "accountId=%",
        "accountId=%4",
        "accountId=%zz",
        "accountId=a%0Ab",
        &long,
        "userId=a&userId=a",
        "userId=%80",
        "eventType=page_view",
        "eventType=",
        "eventType=EMAIL_SENT",
        "eventType=a&eventType=b",
        "signalType=conversion",
        "signalType=",
        "from=yesterday",
        "from=",
        "from=2024-02-30",
        "from=1734775200",
        "from=2024-01-01&from=2024-01-02",
        "to=20241221T100000Z",
        "to=-1",
        "to=1969-12-31",
        "minScore=abc",
        "minScore=-1",
        "minScore=",
        "minScore=NaN",
        "minScore=inf",
        "minScore=1e1",
        "minScore=0.123",
        "minScore=1.",
        "maxScore=0x1",
        "maxScore=%2B1",
        "maxScore=1&maxScore=1",
        "maxScore=99999999",
        "cursor=",
        "cursor=abc",
        "cursor=AAAAAAAAAAAAAAAAAAAAAAAA",
        "cursor=a&cursor=b",
        "foo=1",
        "foo",
        "accountid=a",
        "__proto__=1",
        "accountId[]=a",
        "%ff=1",
    ];
    for query in cases {
        let name = query.split(['=', '&', ';']).next().unwrap();
        let reply = harness.get(&format!("/api/v1/signals?{query}")).await;
        let message = reply.problem(400);
        assert!(message.as_array().is_some_and(|sentences| sentences.len() == 1), "{query}: {message}");
        assert!(message[0].as_str().unwrap().contains(name), "{query}: {message}");
        assert_eq!(reply.json()["errors"][0]["pointer"], name, "{query}");
    }
    let deep = harness.get("/api/v1/signals?page=1001&limit=100").await.problem(400).to_string();
    assert!(deep.contains("cursor"), "{deep}");
    let many = vec!["foo=1"; 5_000].join("&");
    let reply = harness.get(&format!("/api/v1/signals?{many}")).await;
    reply.problem(400);
    assert!(reply.text.len() < 50_000, "{}", reply.text.len());
    assert_eq!(harness.get("/api/v1/signals?").await.status, 200);
    assert_eq!(harness.get("/api/v1/signals?&&").await.status, 200);
}
