//! Every operation of the API has a method, in both clients.

use std::collections::BTreeSet;

use serde_json::Value;

/// Each operation of the document, and the method that asks for it. Events are sent in batches, one too.
const METHODS: [(&str, &str); 27] = [
    ("acceptEvent", "send"),
    ("acceptEvents", "send"),
    ("validateEvents", "validate"),
    ("getEvent", "event"),
    ("listSignals", "signals"),
    ("signalStats", "signal_stats"),
    ("getSignal", "signal"),
    ("explainSignal", "explanation"),
    ("exportSignals", "export"),
    ("jobStats", "job_stats"),
    ("recentJobs", "recent_jobs"),
    ("getJob", "job"),
    ("listDeadLetters", "dead_letters"),
    ("getDeadLetter", "dead_letter"),
    ("editDeadLetter", "edit_dead_letter"),
    ("removeDeadLetter", "remove_dead_letter"),
    ("replayDeadLetter", "replay_dead_letter"),
    ("replayDeadLetters", "replay_dead_letters"),
    ("getScoringModel", "scoring_model"),
    ("previewScores", "preview"),
    ("listEventTypes", "event_types"),
    ("health", "health"),
    ("ready", "ready"),
    ("livez", "live"),
    ("metrics", "metrics"),
    ("eraseAccount", "erase_account"),
    ("eraseUser", "erase_user"),
];

/// The public methods of `impl Client` in the sources.
fn methods_of_the_client() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut files = vec![format!("{folder}/client/handle.rs"), format!("{folder}/client/local.rs")];
    let reads = std::fs::read_dir(format!("{folder}/reads")).unwrap();
    files.extend(reads.map(|file| file.unwrap().path().to_str().unwrap().to_owned()));
    let mut methods = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for block in text.split("\nimpl Client {").skip(1) {
            let block = block.split("\n}").next().unwrap();
            for line in block.lines() {
                let line = line.trim_start();
                let name = line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn "));
                methods.extend(name.map(|name| name.split(['(', '<']).next().unwrap().to_owned()));
            }
        }
    }
    methods
}

#[test]
fn every_operation_of_the_document_has_a_method() {
    let document: Value = serde_json::from_str(include_str!("../../../sspp-api/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations: BTreeSet<&str> = paths
        .flat_map(|path| path.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert_eq!(operations, METHODS.iter().map(|(operation, _)| *operation).collect());
    let methods = methods_of_the_client();
    for (operation, method) in METHODS {
        assert!(methods.contains(method), "{operation}: {method} is none of {methods:?}");
    }
}

#[test]
fn the_blocking_client_has_every_method() {
    let blocking = include_str!("../../src/client/blocking.rs");
    let methods = methods_of_the_client();
    assert!(methods.len() > 35, "{methods:?}");
    for method in &methods {
        let is_there =
            [format!(" {method}("), format!(" {method}<")].iter().any(|name| blocking.contains(name));
        assert!(is_there, "blocking::Client lacks {method}");
    }
}

#[cfg(feature = "blocking")]
#[test]
fn a_program_without_async_reads_the_same() {
    use sspp_client::{DeadLetterQuery, ExportFormat, SalesEvent, SignalQuery, blocking};

    use crate::LONG;
    use crate::platform::Platform;

    let platform = Platform::start();
    let client = blocking::Client::from(platform.client());
    let events = (0..5).map(|number| SalesEvent::call_made("acc_1", format!("user_{number}")));
    for outcome in client.send(events).unwrap() {
        assert!(client.wait_for_signal(outcome.event_id, LONG).unwrap().signal().is_some());
    }
    let query = SignalQuery::default().page_size(2);
    assert_eq!(client.signals(&query).count(), 5);
    let signals: Vec<_> = client.signals(&query).limit(3).collect::<Result<_, _>>().unwrap();
    assert_eq!(signals.len(), 3);
    assert_eq!(client.signals(&query).next_page().unwrap().unwrap().items.len(), 2);
    let exported: Vec<_> = client.export_signals(&query).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(exported.len(), 5);
    let csv: Vec<_> = client.export(&query, ExportFormat::Csv).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(String::from_utf8(csv.concat()).unwrap().lines().count(), 6);
    assert_eq!(client.replay_all_dead_letters(&DeadLetterQuery::default()).finish().unwrap().replayed, 0);
}
