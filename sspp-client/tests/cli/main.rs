//! The `sspp` binary against a real platform.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod connection;
mod help;
mod import;
mod offline;
mod operations;
mod platform;
mod reads;
mod usage;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use platform::Platform;
use serde_json::Value;

/// What the process said and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn command(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sspp"));
    command.args(arguments).env_clear().env("SSPP_URL", url).stdin(Stdio::null());
    command
}

fn sspp(url: &str, arguments: &[&str]) -> Said {
    command(url, arguments).output().unwrap().into()
}

/// With this on its standard input.
fn piped(url: &str, arguments: &[&str], input: impl AsRef<[u8]>) -> Said {
    let mut command = command(url, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    // Where the process does not read to the end, that is not the writer's matter.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let said = child.wait_with_output().unwrap().into();
    writer.join().unwrap();
    said
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Asks until the answer is there.
fn until(what: &str, mut ask: impl FnMut() -> Said, there: impl Fn(&Said) -> bool) -> Said {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let said = ask();
        if there(&said) {
            return said;
        }
        assert!(Instant::now() < deadline, "{what}: {said:?}");
    }
}

#[test]
fn an_event_that_is_sent_becomes_a_signal_that_is_listed_and_explained() {
    let platform = Platform::start();
    let url = &platform.url;
    let sent = sspp(
        url,
        &[
            "emit",
            "--account",
            "acme",
            "--user",
            "ada",
            "--type",
            "demo_completed",
            "--with",
            "responseTimeHours=2",
        ],
    );
    assert!(sent.code == 0 && sent.out.starts_with("accepted ") && !sent.out.contains('\u{1b}'), "{sent:?}");
    let listed = until(
        "the signal",
        || sspp(url, &["signals", "--account", "acme", "--json"]),
        |said| !said.out.is_empty(),
    );
    let signals = json_lines(&listed.out);
    assert_eq!((signals.len(), &signals[0]["event_type"]), (1, &Value::from("demo_completed")), "{listed:?}");
    assert!(sspp(url, &["signals"]).out.contains("acme"));
    let number = signals[0]["id"].to_string();
    let explained = sspp(url, &["score", &number]);
    assert!(explained.code == 0 && explained.out.contains("demo_completed"), "{explained:?}");
    let unknown = sspp(url, &["score", "4711"]);
    assert!(unknown.code == 1 && unknown.err.contains("4711"), "{unknown:?}");
}

#[test]
fn events_come_from_standard_input_and_bad_lines_are_told_by_number() {
    let platform = Platform::start();
    let mut child = command(&platform.url, &["emit", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let event = |user: &str| {
        format!(
            r#"{{"accountId":"a","userId":"{user}","eventType":"call_made","timestamp":"2026-01-15T10:00:00Z"}}"#
        )
    };
    let text = format!("{}\n\n{}\nnonsense\n", event("u"), event(""));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!(said.code, 1, "{said:?}");
    assert!(json_lines(&said.out).iter().any(|told| told["status"] == "accepted"), "{said:?}");
    assert!(said.err.contains("line 3: userId") && said.err.contains("line 4: "), "{said:?}");
    let refused: Vec<_> =
        json_lines(&said.out).into_iter().filter(|told| told["status"] == "rejected").collect();
    assert_eq!(refused.iter().map(|told| told["line"].clone()).collect::<Vec<_>>(), [3, 4], "{said:?}");
    let csv = piped(
        &platform.url,
        &["emit", "-"],
        "accountId,userId,eventType,timestamp\na,u,call_made,2026-01-15\n",
    );
    assert!(csv.code == 2 && csv.err.contains("sspp import -"), "{csv:?}");
}

#[test]
fn an_event_from_standard_input_is_sent_while_the_next_is_not_written_yet() {
    let platform = Platform::start();
    let mut child =
        command(&platform.url, &["emit", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for user in ["u1", "u2"] {
        let event = format!(
            "{{\"accountId\":\"a\",\"userId\":\"{user}\",\"eventType\":\"call_made\",\"timestamp\":\"2026-01-15\"}}\n\n"
        );
        input.write_all(event.as_bytes()).unwrap();
        let signals = || sspp(&platform.url, &["signals", "--user", user, "--json"]);
        until("its signal", signals, |said| said.out.contains(user));
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_is_wrong_is_named_and_has_its_exit_code() {
    let platform = Platform::start();
    let url = &platform.url;
    let emit = ["emit", "--account", "a", "--user", "u", "--type"];
    let rejected = sspp(url, &[&emit[..], &["no_such_type"]].concat());
    assert!(rejected.code == 1 && rejected.out.starts_with("rejected"), "{rejected:?}");
}

#[test]
fn an_event_is_scored_here_with_nothing_sent() {
    let away = "http://127.0.0.1:1";
    let arguments = ["score", "--type", "email_clicked", "--metadata", r#"{"responseTimeHours":2}"#];
    let said = sspp(away, &arguments);
    assert!(said.code == 0 && said.out.starts_with("email_clicked 0.70"), "{said:?}");
    let said = sspp(away, &[&arguments[..], &["--json"]].concat());
    assert_eq!(json_lines(&said.out)[0]["signal_score"], 0.7, "{said:?}");
    let unknown = sspp(away, &["score", "--type", "webinar"]);
    assert!(unknown.code == 1 && unknown.err.contains("email_clicked"), "{unknown:?}");
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.toml");
    std::fs::write(&model, "name = \"m\"\nversion = 1\nsurprise = 1").unwrap();
    let said = sspp(away, &["score", "--type", "x", "--model", model.to_str().unwrap()]);
    assert!(said.code == 1 && said.err.contains("surprise"), "{said:?}");
}

#[test]
fn a_dead_letter_is_listed_shown_and_replayed() {
    let platform = Platform::start();
    let url = &platform.url;
    let emit = |kind: &str| {
        sspp(
            url,
            &["emit", "--id", "same", "--account", "a", "--user", "u", "--at", "2026-01-15", "--type", kind],
        )
    };
    assert_eq!(emit("call_made").code, 0);
    let dead = emit("email_sent");
    assert!(dead.code == 0 && dead.out.starts_with("dead letter "), "{dead:?}");
    let line = r#"{"eventId":"same","accountId":"a","userId":"u","eventType":"email_sent","timestamp":"2026-01-15"}"#;
    let again = piped(url, &["emit", "-", "--json"], line);
    let told = &json_lines(&again.out)[0];
    assert_eq!((again.code, &told["status"]), (0, &"accepted".into()), "{again:?}");
    let letter = sspp(url, &["dead-letters", "show", told["deadLetterId"].as_str().unwrap()]);
    assert!(letter.out.contains("event_id_conflict"), "{letter:?}");
    assert!(dead.out.contains(told["eventId"].as_str().unwrap()), "{dead:?}");
    assert!(dead.out.contains("sspp dead-letters show "), "{dead:?}");
    let list = |reason: &str| sspp(url, &["dead-letters", "list", "--reason", reason, "--json"]);
    let id_of = |said: &Said| json_lines(&said.out)[0]["id"].as_str().unwrap().to_owned();
    let conflict = id_of(&until("the conflict", || list("event_id_conflict"), |said| !said.out.is_empty()));
    assert!(sspp(url, &["dead-letters", "show", &conflict]).out.contains("email_sent"));
    assert!(list("undecodable").out.is_empty());
    let refused = sspp(url, &["dead-letters", "replay", &conflict]);
    assert!(refused.code == 1 && refused.err.contains("cannot be replayed"), "{refused:?}");

    let left = id_of(&list("unknown_event_type"));
    let replayed = sspp(url, &["dead-letters", "replay", &left]);
    assert!(replayed.code == 0 && replayed.out.contains(&left), "{replayed:?}");
    let signals = || sspp(url, &["signals", "--account", "left", "--json"]);
    until("its signal", signals, |said| said.out.contains("call_made"));
    assert!(list("unknown_event_type").out.is_empty());
    let unknown = sspp(url, &["dead-letters", "show", "0197d3c5-5c00-7000-8000-000000000001"]);
    assert!(unknown.code == 1 && unknown.err.contains("0197d3c5"), "{unknown:?}");
}
