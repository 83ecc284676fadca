//! Exports: whole or an error, and never in memory as a whole.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use serde_json::json;
use sspp_client::{Bytes, Client, Error, Export, ExportFormat, SalesEvent, SignalQuery};

use crate::platform::Platform;
use crate::server::{Reply, Server};
use crate::{LONG, quick, run};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n";

/// Lines as the server has them.
fn lines(from: usize, to: usize) -> String {
    let line = |number: usize| {
        let line = json!({"kind": "signal", "eventId": format!("0197d3c5-5c00-7000-8000-{number:012}"), "accountId": "a",
            "userId": "u", "eventType": "call_made", "timestamp": "2026-01-01T00:00:00.000Z",
            "receivedAt": "2026-01-01T00:00:00.000Z", "signalType": "outreach", "signalScore": 0.5,
            "model": "ab".repeat(32), "processedAt": "2026-01-01T00:00:00.000Z", "metadata": {"n": 1}});
        format!("{line}\n")
    };
    (from..to).map(line).collect()
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn read(mut export: Export<Bytes>) -> Result<usize, Error> {
    let mut bytes = 0;
    while let Some(part) = export.try_next().await? {
        bytes += part.len();
    }
    Ok(bytes)
}

#[test]
fn every_signal_is_exported_once_in_each_form() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let events = (0..250).map(|number| SalesEvent::call_made(format!("acc_{}", number % 2), "ada"));
        for outcome in client.send(events).await.unwrap() {
            client.wait_for_signal(outcome.event_id, LONG).await.unwrap();
        }
        let query = SignalQuery::default().account("acc_1").page_size(50);
        let mut exported = client.export_signals(&query).await.unwrap();
        let mut ids = Vec::new();
        while let Some(signal) = exported.try_next().await.unwrap() {
            assert_eq!((signal.account_id.as_str(), signal.signal_score), ("acc_1", 0.5));
            ids.push(signal.event_id);
        }
        let mut listed: Vec<_> =
            client.signals(&query).collect().await.unwrap().iter().map(|signal| signal.event_id).collect();
        ids.sort();
        listed.sort();
        assert_eq!((ids.len(), &ids), (125, &listed));
        for (format, head) in
            [(ExportFormat::Ndjson, "{\"kind\":\"model\""), (ExportFormat::Csv, "id,event_id,")]
        {
            let mut export = client.export(&query, format).await.unwrap();
            let mut text = Vec::new();
            while let Some(part) = export.try_next().await.unwrap() {
                text.extend_from_slice(&part);
            }
            let text = String::from_utf8(text).unwrap();
            assert!(text.starts_with(head) && text.lines().count() == 126, "{}", &text[..200]);
        }
        let sorted =
            client.export(&query.sort_by(sspp_client::SortBy::Id), ExportFormat::Csv).await.unwrap_err();
        assert!(matches!(sorted, Error::Request(_)) && sorted.to_string().contains("sortBy"), "{sorted}");
    });
}

#[test]
fn what_arrived_is_given_before_the_rest_was_written() {
    let first_is_read = Arc::new(Barrier::new(2));
    let gate = Arc::clone(&first_is_read);
    let server = Server::start(move |_, _| {
        let first = format!("{HEAD}transfer-encoding: chunked\r\n\r\n{}", chunk(&lines(0, 1)));
        Reply::Parts(first, Arc::clone(&gate), format!("{}0\r\n\r\n", chunk(&lines(1, 3))))
    });
    let client = quick(&server.url).build().unwrap();
    run(async {
        let mut signals = client.export_signals(&SignalQuery::default()).await.unwrap();
        // The export lives on without the client that it came from.
        drop(client);
        assert!(signals.try_next().await.unwrap().is_some());
        first_is_read.wait();
        assert!(signals.try_next().await.unwrap().is_some());
        assert!(signals.try_next().await.unwrap().is_some());
        assert!(signals.try_next().await.unwrap().is_none());
    });
}

#[test]
fn an_export_that_breaks_off_is_an_error() {
    let whole_lines = lines(0, 3);
    let half_line = whole_lines[..whole_lines.len() - 40].to_owned();
    let chunked = |text: &str| format!("{HEAD}transfer-encoding: chunked\r\n\r\n{}", chunk(text));
    let sized = |text: &str| format!("{HEAD}content-length: {}\r\n\r\n{text}", text.len() + 1);
    for broken in [chunked(&whole_lines), chunked(&half_line), sized(&whole_lines)] {
        let shown = broken.clone();
        let server = Server::start(move |_, _| Reply::Raw(broken.clone()));
        let client = quick(&server.url).build().unwrap();
        run(async {
            let export = client.export(&SignalQuery::default(), ExportFormat::Ndjson).await.unwrap();
            let error = read(export).await.unwrap_err();
            assert!(matches!(error, Error::BrokenOff { bytes: 1.., .. }), "{shown}: {error:?}");
            assert!(!error.is_retryable() && error.to_string().contains("is incomplete"), "{error}");

            let mut signals = client.export_signals(&SignalQuery::default()).await.unwrap();
            let mut seen = 0;
            let error = loop {
                match signals.try_next().await {
                    Ok(Some(_)) => seen += 1,
                    Ok(None) => panic!("a silent end after {seen}: {shown}"),
                    Err(error) => break error,
                }
            };
            assert!(matches!(error, Error::BrokenOff { .. }) && seen >= 2, "{seen}: {error:?}");
            for _ in 0..3 {
                assert_eq!(signals.try_next().await.unwrap_err().to_string(), error.to_string());
            }
        });
    }
}

#[test]
fn an_export_whose_end_cannot_be_told_is_refused() {
    let old = HEAD.replace("HTTP/1.1", "HTTP/1.0");
    for head in [format!("{HEAD}connection: close\r\n"), old.clone()] {
        let answer = format!("{head}\r\n{}", lines(0, 3));
        let server = Server::start(move |_, _| Reply::Raw(answer.clone()));
        let client = quick(&server.url).build().unwrap();
        let error = run(count(&client)).unwrap_err();
        assert!(!error.is_retryable() && error.to_string().contains("proxy"), "{head}: {error}");
    }
    let sized = format!("{old}content-length: {}\r\n\r\n{}", lines(0, 3).len(), lines(0, 3));
    let server = Server::start(move |_, _| Reply::Raw(sized.clone()));
    assert!(run(count(&quick(&server.url).build().unwrap())).is_ok());
}

#[test]
fn a_service_that_stops_in_the_middle_leaves_an_error() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        // More than the buffers between the two ends hold.
        let text = "x".repeat(200_000);
        let events = (0..100)
            .map(|number| SalesEvent::call_made(format!("acc_{number}"), "ada").with("text", text.clone()));
        for outcome in client.send(events).await.unwrap() {
            client.wait_for_signal(outcome.event_id, LONG).await.unwrap();
        }
        let mut export = client.export(&SignalQuery::default(), ExportFormat::Csv).await.unwrap();
        assert!(export.try_next().await.unwrap().is_some());
        drop(platform);
        let error = read(export).await.unwrap_err();
        assert!(matches!(error, Error::BrokenOff { bytes: 1..20_000_000, .. }), "{error}");
    });
}

async fn count(client: &Client) -> Result<usize, Error> {
    read(client.export(&SignalQuery::default(), ExportFormat::Ndjson).await?).await
}

#[test]
fn a_server_that_stops_talking_is_not_waited_for_without_end() {
    let never = Arc::new(Barrier::new(2));
    let gate = Arc::clone(&never);
    let server = Server::start(move |_, _| {
        let first = format!("{HEAD}transfer-encoding: chunked\r\n\r\n{}", chunk(&lines(0, 1)));
        Reply::Parts(first, Arc::clone(&gate), String::new())
    });
    let client = quick(&server.url).request_timeout(Duration::from_millis(300)).build().unwrap();
    let error = run(count(&client)).unwrap_err();
    assert!(error.to_string().contains("none came in time"), "{error}");
    never.wait();
}

#[test]
fn a_page_of_a_proxy_is_no_answer() {
    let server = Server::start(|_, _| Reply::Page(200));
    let client = quick(&server.url).build().unwrap();
    let error = run(count(&client)).unwrap_err();
    assert!(error.to_string().contains("text/html in place of application/x-ndjson"), "{error}");
    let letter = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
    for error in [
        run(client.live()).unwrap_err(),
        run(client.metrics()).unwrap_err(),
        run(client.remove_dead_letter(letter)).unwrap_err(),
    ] {
        assert!(error.to_string().contains("text/html in place of"), "{error}");
    }
    let refused = Server::start(|_, _| Reply::Status(503, "retry-after: 2\r\n"));
    let error = run(count(&quick(&refused.url).build().unwrap())).unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (Some(503), Some(Duration::from_secs(2))));
}
