//! What a shell sees: usage errors, pipes that close, disks that are full.

use std::io::Write as _;
use std::process::Stdio;

use super::platform::Platform;
use super::{Said, command, piped, sspp, until};

#[test]
fn events_that_a_server_away_did_not_get_are_reported_by_line() {
    let event = r#"{"accountId":"a","userId":"u","eventType":"call_made","timestamp":"2026-01-15"}"#;
    let said = piped("http://127.0.0.1:1", &["emit", "-"], format!("{event}\n{event}\n"));
    assert!(said.code == 3 && said.err.contains("lines from 1 on"), "{said:?}");
}

#[test]
fn a_password_in_a_wrong_place_is_not_shown() {
    for arguments in [
        &["import", "https://me:hunter2@host/events.csv"][..],
        &["stats", "https://me:hunter2@host"],
        &["https://me:hunter2@host", "stats"],
        &["signals", "--from", "https://me:hunter2@host"],
    ] {
        let said = Said::from(command("http://127.0.0.1:1", arguments).output().unwrap());
        assert!(said.code == 2 && !said.err.contains("hunter2"), "{arguments:?}: {said:?}");
    }
}

#[test]
fn what_the_command_line_cannot_mean_is_a_usage_error() {
    let platform = Platform::start();
    let one = |more: &[&'static str]| [&["emit", "-a", "a", "-u", "u", "-t", "call_made"][..], more].concat();
    for (arguments, word) in [
        (vec![], "Usage"),
        (vec!["no-such-command"], "no-such-command"),
        (vec!["dead-letters", "--reason", "undecodable", "replay", "--all"], "after the command"),
        (vec!["emit", "--account", "a"], "--user"),
        (one(&["--metadata", "{"]), "--metadata"),
        (one(&["--metadata", "[1]"]), "--metadata"),
        (one(&["--at", "soon"]), "--at"),
        (one(&["--with", "link"]), "KEY=VALUE"),
        (one(&["-w", "a=1", "-w", "a=2"]), "twice"),
        (one(&["-w", "a=1", "-m", "{}"]), "--metadata"),
        (one(&["--id", "", "--at", "2026-01-15"]), "--id"),
        (one(&["--id", "crm 7"]), "--id needs --at"),
        (one(&["--source", "a\u{7}"]), "--source"),
        (vec!["emit", "-", "--source", "crm"], "--source"),
        (vec!["signals", "--url", "not a url"], "--url"),
        (vec!["signals", "--url", "http://me:secret@host"], "--api-key"),
        (vec!["signals", "--api-key", "a\nb"], "--api-key"),
        (vec!["signals", "-n", "0"], "1.."),
        (vec!["signals", "--min-score", "NaN"], "minScore"),
        (vec!["signals", "--from", "yesterday"], "from"),
        (vec!["signals", "-t", "no_such_type"], "eventType"),
        (vec!["score"], "required"),
        (vec!["score", "1", "-t", "call_made"], "--type"),
        (vec!["score", "-t", "call_made", "-m", "{"], "--metadata"),
        (vec!["import", "/no/such", "--source", ""], "--source"),
        (vec!["dead-letters", "replay"], "required"),
        (vec!["completions", "csh"], "bash"),
        (vec!["export", "-j", "--format", "csv"], "--output"),
        (vec!["score"], "--type"),
        (vec!["score", "1", "-m", "{}"], "--type"),
        (vec!["dead-letters", "replay"], "--all"),
        (vec!["import", "/dev/stdin"], "sspp import -"),
        (vec!["import", "/dev/fd/0"], "sspp import -"),
    ] {
        let said = sspp(&platform.url, &arguments);
        assert!(said.code == 2 && said.err.contains(word) && said.out.is_empty(), "{arguments:?}: {said:?}");
        // What the environment gives is not asked for.
        assert!(!said.err.contains("[OPTIONS] --url"), "{arguments:?}: {said:?}");
        assert!(!said.err.contains("secret"), "{arguments:?}: {said:?}");
    }
    // An empty variable is one that is not set.
    let mut command = command("", &["signals", "--url", &platform.url]);
    assert!(command.env("SSPP_API_KEY", "").status().unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_an_error_and_a_reader_that_has_enough_is_none() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [&["completions", "bash"][..], &["man"], &["score", "-t", "call_made", "-j"]] {
        let said = Said::from(
            command("", arguments)
                .stdout(full())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
                .wait_with_output()
                .unwrap(),
        );
        assert!(said.code == 1 && said.err.contains("No space left"), "{said:?}");
        let mut child = command("", arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let said = Said::from(child.wait_with_output().unwrap());
        assert!(said.code == 0 && said.err.is_empty(), "{said:?}");
    }
}

#[test]
fn events_are_sent_to_the_end_for_a_reader_that_has_enough() {
    let platform = Platform::start();
    let mut child =
        command(&platform.url, &["emit", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    for user in 0..1_200 {
        let line = format!(
            r#"{{"accountId":"a","userId":"u{user}","eventType":"call_made","timestamp":"2026-01-15"}}"#
        );
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    let last = || sspp(&platform.url, &["signals", "-u", "u1199", "-j"]);
    until("the last signal", last, |said| !said.out.is_empty());
}
