//! Files that are taken for events: each says what it is, and what to use.

use super::super::{Said, command, piped, platform, sspp};
use super::{Bench, csv};

#[test]
fn an_export_of_signals_says_what_imports_it() {
    let bench = Bench::new();
    let url = &bench.platform.url;
    bench.write("events.csv", csv(3));
    bench.counts("events.csv", &[], 3, 0);
    bench.write("export.ndjson", body(&bench.signals(3)));
    bench.write("export.csv", body(&platform::get(url, "/api/v1/signals/export?format=csv")));
    bench.write("listed.ndjson", sspp(url, &["signals", "--json"]).out);
    for (name, words) in [
        ("export.ndjson", &["export of signals", "sspp-api import"][..]),
        ("export.csv", &["export of signals", "NDJSON", "sspp-api import"]),
        ("listed.ndjson", &["not of events", "sspp-api import"]),
    ] {
        for said in [
            bench.import(name, &[]),
            piped(url, &["import", "-"], bench.read(name)),
            sspp(url, &["validate", &bench.path(name)]),
        ] {
            assert!(said.code == 1 && words.iter().all(|word| said.err.contains(word)), "{name}: {said:?}");
        }
        assert_eq!(bench.read(&format!("{name}.checkpoint")), "", "{name}");
        assert_eq!(bench.read(&format!("{name}.rejected.ndjson")), "", "{name}");
    }
    bench.signals(3);
}

/// The body of an answer, without the sizes of its chunks.
fn body(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let is_size = |line: &&str| !line.trim().bytes().all(|byte| byte.is_ascii_hexdigit());
    body.split_inclusive('\n').filter(is_size).collect()
}

#[test]
fn other_files_are_named() {
    let bench = Bench::new();
    let event = r#"{"accountId":"a","userId":"u","eventType":"call_made","timestamp":"2026-01-15"}"#;
    bench.write("events.csv", csv(3));
    bench.counts("events.csv", &[], 3, 0);
    bench.write("model.toml", include_str!("../../../../sspp-core/crates/scoring/models/default.toml"));
    bench.write("body.json", format!("{{\"events\":[{event}]}}"));
    bench.write("array.json", format!("[{event}]"));
    bench.write("letters.ndjson", sspp(&bench.platform.url, &["dead-letters", "--json"]).out);
    let pretty = format!("{}\n", event.replace(',', ",\n  ").replace('{', "{\n  "));
    bench.write("pretty.json", pretty.repeat(2));
    bench.write("pretty.ndjson", &pretty);
    bench.write("lines.txt", format!("{event}\n"));
    std::fs::create_dir(bench.path("folder.csv")).unwrap();
    for (name, word) in [
        ("events.csv.checkpoint", "checkpoint of an import"),
        ("model.toml", "scoring model"),
        ("body.json", "jq -c '.events[]'"),
        ("array.json", "jq -c '.[]'"),
        ("letters.ndjson", "sspp dead-letters replay"),
        ("pretty.json", "jq -c ."),
        ("pretty.ndjson", "jq -c ."),
        ("folder.csv", "is a folder"),
        ("missing.csv", "No such file"),
    ] {
        let said = bench.import(name, &[]);
        assert!(said.code == 1 && said.err.contains(word) && said.err.contains(name), "{name}: {said:?}");
        assert_eq!(bench.read(&format!("{name}.checkpoint")), "", "{name}");
    }
    let said = sspp(&bench.platform.url, &["import", "https://example.com/events.csv"]);
    assert!(
        said.code == 2 && said.err.contains("is a URL") && said.err.contains("sspp import -"),
        "{said:?}"
    );
    // What is known by its content needs no --format.
    bench.counts("lines.txt", &[], 1, 0);
    bench.signals(4);
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_refused_and_left_alone() {
    let bench = Bench::new();
    let pipe = bench.path("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = bench.import("pipe.csv", &[]);
    assert!(said.code == 2 && said.err.contains("| sspp import -"), "{said:?}");
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_unicode_is_imported() {
    use std::os::unix::ffi::OsStrExt as _;

    let bench = Bench::new();
    let file = bench.folder.path().join(std::ffi::OsStr::from_bytes(b"events \xff.csv"));
    std::fs::write(&file, csv(3)).unwrap();
    let said: Said = command(&bench.platform.url, &["import"]).arg(&file).output().unwrap().into();
    assert!(said.code == 0 && said.out.contains("3 accepted"), "{said:?}");
}
