//! `sspp-api import --checkpoint`: an import that stopped continues, and takes no file of others.

use serde_json::Value;

use super::transfer::sspp_api;
use crate::harness::event;

#[test]
fn with_a_checkpoint_an_import_goes_on_and_knows_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |events: &[&str]| {
        let lines: String =
            events.iter().map(|account| event(account, "call_made", "{}").replace('\n', "") + "\n").collect();
        std::fs::write(folder.path().join("e.ndjson"), lines).unwrap();
    };
    let import = |more: &[&str]| {
        let arguments = ["import", "e.ndjson", "--data", "copy.db", "--checkpoint", "progress"];
        sspp_api(folder.path(), &[&arguments[..], more].concat(), &[])
    };
    write(&["a", "b"]);
    let (done, said) = import(&[]);
    assert!(done && said.contains("2 new signals"), "{said}");
    let (done, said) = import(&[]);
    assert!(done && said.contains("already imported, 2 lines"), "{said}");
    write(&["a", "b", "c"]);
    let (done, said) = import(&[]);
    assert!(done && said.contains("continuing after row 2") && said.contains("1 new signals"), "{said}");
    write(&["a", "x", "c"]);
    let (done, said) = import(&[]);
    assert!(!done && said.contains("has changed") && said.contains("--again"), "{said}");
    let (done, said) = import(&["--again"]);
    assert!(done && said.contains("1 new signals, 2 known before"), "{said}");
    let (done, said) = import(&["--skip-lines", "1"]);
    assert!(!done && said.contains("--skip-lines") && said.contains("--checkpoint"), "{said}");
}

#[test]
fn a_checkpoint_takes_no_file_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let line = event("a", "call_made", "{}") + "\n";
    let letter = r#"{"importId":"1","version":5,"command":"sspp import"}"#;
    for (file, checkpoint, other, content, said) in [
        ("e.lock", "e", "e.lock", line.as_str(), "same file"),
        ("e.new", "e", "e.new", &line, "same file"),
        ("e.ndjson", "p", "p.lock", "mine", "is not a lock file"),
        ("e.ndjson", "notes", "notes", "mine", "is not a checkpoint"),
        ("e.ndjson", "sent", "sent", letter, "is a checkpoint of `sspp import`"),
    ] {
        std::fs::write(folder.path().join(file), &line).unwrap();
        std::fs::write(folder.path().join(other), content).unwrap();
        let arguments = ["import", file, "--data", "copy.db", "--checkpoint", checkpoint];
        for more in [&[][..], &["--again"]] {
            let (done, answer) = sspp_api(folder.path(), &[&arguments[..], more].concat(), &[]);
            let found = std::fs::read_to_string(folder.path().join(other)).ok();
            assert_eq!(found.as_deref(), Some(content), "{other}: {answer}");
            assert!(!done && answer.contains(said), "{other}: {answer}");
        }
    }
}

#[test]
fn lines_that_an_earlier_call_rejected_are_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let line = event("a", "call_made", "{}") + "\n";
    let arguments = ["import", "e.ndjson", "--data", "copy.db", "--checkpoint", "progress"];
    std::fs::write(folder.path().join("e.ndjson"), format!("{{}}\n{line}")).unwrap();
    let (done, said) = sspp_api(folder.path(), &arguments, &[]);
    assert!(!done && said.contains("1 could not be imported") && !said.contains("earlier"), "{said}");
    // Killed before its end.
    let checkpoint = std::fs::read_to_string(folder.path().join("progress")).unwrap();
    let killed = checkpoint.replace("\"done\": true", "\"done\": false");
    std::fs::write(folder.path().join("progress"), killed).unwrap();
    std::fs::write(folder.path().join("e.ndjson"), format!("{{}}\n{line}{line}")).unwrap();
    let (done, said) = sspp_api(folder.path(), &arguments, &[]);
    assert!(!done && said.contains("1 could not be imported") && said.contains("earlier call"), "{said}");
    // They are told once.
    let (done, said) = sspp_api(folder.path(), &arguments, &[]);
    assert!(done && said.contains("already imported"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_import_that_stops_says_how_its_checkpoint_goes_on() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let rows = || {
        let text = std::fs::read(path("progress")).unwrap_or_default();
        serde_json::from_slice::<Value>(&text).ok().and_then(|found| found["rows"].as_u64())
    };
    let line = event("a", "call_made", "{}") + "\n";
    let arguments = ["import", "-", "--data", "copy.db", "--checkpoint", "progress"];
    for (more, how, lines, said) in [
        (&["--again"][..], "-INT", 500, "imported rows stay: run it without --again to continue"),
        (&[], "-KILL", 1000, "continuing after row 500"),
        (&[], "full disk", 1001, "imported rows stay: run the same command to continue"),
        (&["--again"], "full disk", 1001, "imported rows stay: run it without --again to continue"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sspp-api"));
        command.args([&arguments[..], more].concat()).current_dir(folder.path()).env_clear();
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take();
        input.as_mut().unwrap().write_all(line.repeat(lines).as_bytes()).unwrap();
        let (mut output, mut answer) = (BufReader::new(child.stderr.take().unwrap()), String::new());
        if how == "full disk" {
            // It is past its first checkpoint, and waits for more lines.
            while !answer.contains("into the data file") {
                assert!(output.read_line(&mut answer).unwrap() > 0, "{answer}");
            }
            std::fs::create_dir(path("progress.new")).unwrap();
            drop(input.take());
        } else {
            while rows() != Some(lines as u64) {
                assert!(child.try_wait().unwrap().is_none(), "it ended too early");
                std::thread::yield_now();
            }
            let sent = Command::new("sh").args(["-c", &format!("kill {how} {}", child.id())]).status();
            assert!(sent.unwrap().success());
        }
        output.read_to_string(&mut answer).unwrap();
        assert!(!child.wait().unwrap().success() && answer.contains(said), "{how} {more:?}: {answer}");
        drop(std::fs::remove_dir(path("progress.new")));
    }
    std::fs::write(path("again.ndjson"), line.repeat(2)).unwrap();
    let arguments = ["import", "again.ndjson", "--data", "copy.db", "--checkpoint", "progress"];
    let (done, said) = sspp_api(folder.path(), &arguments, &[]);
    assert!(done && said.contains("2 known before"), "{said}");
}
