//! What is stored, shown: signals, events, figures, exports.

use serde_json::Value;

use super::platform::Platform;
use super::{Said, json_lines, piped, sspp, until};

/// Two signals of one account, and one of another.
fn stored() -> Platform {
    let platform = Platform::start();
    let emit = |account: &str, event_type: &str, day: &str| {
        let said = sspp(&platform.url, &["emit", "-a", account, "-u", "ada", "-t", event_type, "--at", day]);
        assert_eq!(said.code, 0, "{said:?}");
    };
    emit("acme", "call_made", "2026-01-15");
    emit("acme", "demo_completed", "2026-01-16");
    emit("日本", "email_sent", "2026-01-17");
    until("the signals", || sspp(&platform.url, &["signals", "-j"]), |said| said.out.lines().count() == 3);
    platform
}

#[test]
fn signals_are_filtered_sorted_and_stand_in_columns() {
    let platform = stored();
    let url = &platform.url;
    for (arguments, accounts) in [
        (&["-a", "acme", "-t", "call_made"][..], &["acme"][..]),
        (&["--signal-type", "no"], &[]),
        (&["--from", "2026-01-16", "--to", "2026-01-17"], &["acme"]),
        (&["--sort", "time", "--ascending", "-n", "1"], &["acme"]),
        (&["--sort", "time", "-n", "1"], &["日本"]),
        (&["--min-score", "0.9"], &["acme"]),
        (&["--max-score", "0.5", "-u", "ada", "--sort", "score"], &["acme", "日本"]),
    ] {
        let said = sspp(url, &[&["signals", "-j"], arguments].concat());
        let found: Vec<Value> =
            json_lines(&said.out).iter().map(|signal| signal["account_id"].clone()).collect();
        let known = arguments.contains(&"no");
        assert!(known || found == accounts, "{arguments:?}: {said:?}");
        assert_eq!(said.code, if known { 2 } else { 0 }, "{arguments:?}: {said:?}");
    }
    let said = sspp(url, &["signals"]);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines.len() == 4 && lines[0].contains("SIGNAL TYPE") && !said.out.contains('\u{1b}'), "{said:?}");
    // A character of these is two columns wide.
    let at = |line: &str| {
        line.rfind("ada")
            .map(|at| line[..at].chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>())
    };
    assert!(lines[1..].iter().all(|line| at(line) == lines[0].find("USER")), "{said:?}");
    let none = sspp(url, &["signals", "-a", "none"]);
    assert!(none.code == 0 && none.out.is_empty() && none.err.contains("no signals"), "{none:?}");
    assert!(sspp(url, &["signals", "-a", "none", "-q"]).err.is_empty());
}

#[test]
fn figures_and_event_types_are_shown() {
    let platform = stored();
    let url = &platform.url;
    let line = |said: &Said, words: &[&str]| {
        said.out.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == words)
    };
    let stats = sspp(url, &["stats"]);
    for words in [
        &["signals", "all", "3"][..],
        &["signals", "accounts", "2"],
        &["jobs", "completed", "3"],
        &["event", "type", "call_made", "1"],
    ] {
        assert!(line(&stats, words), "{words:?}: {stats:?}");
    }
    let json = &json_lines(&sspp(url, &["stats", "--json"]).out)[0];
    assert_eq!(
        (&json["signals"]["total_signals"], &json["jobs"]["completed"]),
        (&3.into(), &3.into()),
        "{json}"
    );
    let types = sspp(url, &["types"]);
    assert!(
        line(&types, &["demo_completed", "1.00", "high_intent", "demo"])
            || types.out.contains("demo_completed"),
        "{types:?}"
    );
    assert!(types.out.contains("BASE") && types.err.contains("default 1"), "{types:?}");
    let names: Vec<Value> =
        json_lines(&sspp(url, &["types", "-j"]).out).iter().map(|kind| kind["event_type"].clone()).collect();
    assert!(names.contains(&"email_clicked".into()), "{names:?}");
}

#[test]
fn an_event_is_found_by_its_id_or_the_producers_own_and_waited_for() {
    let platform = Platform::start();
    let url = &platform.url;
    let sent = sspp(
        url,
        &[
            "emit",
            "-j",
            "-a",
            "acme",
            "-u",
            "ada",
            "-t",
            "call_made",
            "--id",
            "crm 7",
            "--source",
            "crm",
            "-w",
            "a=1",
            "--at",
            "2026-01-15",
        ],
    );
    let id = json_lines(&sent.out)[0]["eventId"].as_str().unwrap().to_owned();
    let waited = sspp(url, &["event", "crm 7", "-a", "acme", "--source", "crm", "--wait", "20s"]);
    for word in ["completed", &*id, "crm 7", "call_made", "worth 0.50", r#"{"a":1}"#] {
        assert!(waited.code == 0 && waited.out.contains(word), "{word}: {waited:?}");
    }
    let json = &json_lines(&sspp(url, &["event", &id, "--json"]).out)[0];
    assert_eq!(
        (&json["state"], &json["signal"]["account_id"]),
        (&"completed".into(), &"acme".into()),
        "{json}"
    );
    let unknown = "0197d3c5-5c00-7000-8000-000000000001";
    for (arguments, code, word) in [
        (&["event", "crm 7", "-a", "acme"][..], 1, "no event crm 7"),
        (&["event", unknown], 1, unknown),
        (&["event", unknown, "--wait", "50ms"], 3, "not known"),
        (&["event", "crm 7"], 2, "--account"),
        (&["event", "crm 7", "--source", "crm"], 2, "--account"),
        (&["event", &id, "--wait", "soon"], 2, "30s"),
    ] {
        let said = sspp(url, arguments);
        assert!(said.code == code && said.err.contains(word), "{arguments:?}: {said:?}");
    }
    // The same id with other content becomes a dead letter.
    let other = sspp(
        url,
        &[
            "emit",
            "-j",
            "-a",
            "acme",
            "-u",
            "bob",
            "-t",
            "call_made",
            "--id",
            "crm 7",
            "--source",
            "crm",
            "--at",
            "2026-01-01",
        ],
    );
    assert!(other.code == 0 && other.out.contains("deadLetterId"), "{other:?}");
}

#[test]
fn an_export_is_a_file_only_when_it_is_whole() {
    let platform = stored();
    let url = &platform.url;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap_or_default();
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let said = sspp(url, &["export", "-o", &path("signals.ndjson"), "--account", "acme"]);
    assert!(said.code == 0 && said.out.contains("signals.ndjson"), "{said:?}");
    assert_eq!(read("signals.ndjson").matches(r#""kind":"signal""#).count(), 2);
    let printed = sspp(url, &["export", "--account", "acme"]);
    assert_eq!(printed.out, read("signals.ndjson"), "{printed:?}");
    // The format follows from the name, unless it is said.
    let csv = sspp(url, &["export", "-o", &path("signals.csv"), "--json"]);
    let bytes = json_lines(&csv.out)[0]["bytes"].as_u64();
    assert_eq!(
        (read("signals.csv").lines().count(), bytes),
        (4, Some(read("signals.csv").len() as u64)),
        "{csv:?}"
    );
    assert!(sspp(url, &["export", "--format", "csv"]).out.starts_with("id,event_id,"));

    std::fs::write(path("mine.csv"), "mine").unwrap();
    for (arguments, code, word) in [
        (vec!["-o", "mine.csv"], 1, "--force"),
        (vec!["-o", "none/signals.csv"], 1, "none/signals.csv"),
        (vec!["-o", ""], 2, "is a folder"),
        (vec!["-o", "new.csv", "--type", "no_such_type"], 2, "eventType"),
        (vec!["-o", "mine.csv", "--force", "--url", "http://127.0.0.1:1"], 3, "connection refused"),
    ] {
        let file = path(arguments[1]);
        let said = sspp(url, &[&["export", "-o", &file], &arguments[2..]].concat());
        assert!(said.code == code && said.err.contains(word), "{arguments:?}: {said:?}");
    }
    assert_eq!(
        (read("mine.csv"), names()),
        ("mine".to_owned(), vec!["mine.csv".to_owned(), "signals.csv".into(), "signals.ndjson".into()])
    );
    let replaced = sspp(url, &["export", "-o", &path("mine.csv"), "--force"]);
    assert!(replaced.code == 0 && read("mine.csv").starts_with("id,"), "{replaced:?}");
    // What was exported imports nowhere but there.
    let back = piped(url, &["import", "-"], read("signals.ndjson"));
    assert!(back.code == 1 && back.err.contains("sspp-api import"), "{back:?}");
}

#[cfg(unix)]
#[test]
fn a_stopped_or_broken_export_leaves_nothing() {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signals.ndjson");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // One that was killed has left this; another target's stays.
    std::fs::write(folder.path().join(".signals.ndjson.sspp-export-1.part"), "half").unwrap();
    let other = folder.path().join(".other.ndjson.sspp-export-1.part");
    std::fs::write(&other, "").unwrap();
    for stops in [true, false] {
        let mut command = super::command(&url, &["export", "-o", file.to_str().unwrap()]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let _: usize = stream.read(&mut [0; 4_096]).unwrap();
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
        write!(stream, "{head}14\r\n{{\"kind\":\"signal\"}}\n\r\n").unwrap();
        if stops {
            // It has begun to write.
            while !std::fs::read_dir(folder.path())
                .unwrap()
                .any(|entry| entry.unwrap().metadata().is_ok_and(|file| file.len() > 0))
            {
                std::thread::yield_now();
            }
            let stop = format!("kill -INT {}", child.id());
            assert!(Command::new("sh").args(["-c", &stop]).status().unwrap().success());
        } else {
            drop(stream);
        }
        let said = Said::from(child.wait_with_output().unwrap());
        let (code, word) = if stops { (130, "is not written") } else { (3, "is incomplete") };
        assert!(said.code == code && said.err.contains(word) && said.out.is_empty(), "{said:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    assert!(other.exists());
}
