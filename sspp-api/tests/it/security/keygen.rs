//! Keys through the real binary: made by `keygen`, configured, asked for, and in no line that it writes.

use std::io::Write as _;

use crate::process::{Running, command, refused};

fn keygen(folder: &std::path::Path, name: &str, scopes: &str) -> (String, String) {
    let output = command(folder, &["keygen", "--name", name, "--scopes", scopes]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let mut value = |label: &str| lines.next().unwrap().strip_prefix(label).unwrap().trim().to_owned();
    (value("key:"), value("config:"))
}

#[tokio::test]
async fn a_key_that_keygen_made_opens_the_server_that_was_given_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let (producer, producer_line) = keygen(folder.path(), "crm", "ingest");
    let (reader, reader_line) = keygen(folder.path(), "board", "read");
    let mut file = std::fs::File::create(folder.path().join("keys")).unwrap();
    writeln!(file, "# the dashboard\n{reader_line}").unwrap();
    let variables = [
        ("SSPP_API_KEYS", producer_line.as_str()),
        ("SSPP_API_KEYS_FILE", "keys"),
        ("SSPP_BIND", "0.0.0.0"),
        ("LOG_LEVEL", "trace"),
    ];
    let running = Running::start_with(folder.path(), &[], &variables);
    let base = running.base.replace("0.0.0.0", "127.0.0.1");
    let client = reqwest::Client::new();
    let ask = async |key: &str| {
        let request = client.get(format!("{base}/api/v1/signals")).bearer_auth(key);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(&reader).await, 200);
    assert_eq!(ask(&producer).await, 403);
    assert_eq!(ask("sspp_guess").await, 401);
    assert_eq!(reqwest::get(format!("{base}/ready")).await.unwrap().status(), 200);

    let said = running.said_until_stopped();
    assert!(said.contains("crm") && said.contains("board"), "the log names the keys: {said}");
    for secret in [&producer, &reader, "sspp_guess"] {
        assert!(!said.contains(secret), "{said}");
    }
    for line in [&producer_line, &reader_line] {
        assert!(!said.contains(line.rsplit(':').next().unwrap()), "{said}");
    }
}

#[test]
fn an_address_that_others_reach_needs_keys_and_a_setting_without_one_is_no_leave() {
    let folder = tempfile::tempdir().unwrap();
    let lines = refused(&mut command(folder.path(), &["--bind", "0.0.0.0"]));
    assert!(lines[0].contains("SSPP_API_KEYS") && lines[0].contains("keygen"), "{lines:?}");
    let lines = refused(command(folder.path(), &["--bind", "0.0.0.0"]).env("SSPP_API_KEYS_FILE", "missing"));
    assert!(lines[0].contains("SSPP_API_KEYS_FILE") && lines[0].contains("missing"), "{lines:?}");
    std::fs::write(folder.path().join("empty"), "# later\n").unwrap();
    let lines = refused(command(folder.path(), &[]).env("SSPP_API_KEYS_FILE", "empty"));
    assert!(lines[0].contains("it has no key"), "{lines:?}");
    let lines = refused(command(folder.path(), &[]).env("SSPP_API_KEYS", "crm:ingest:hunter2"));
    assert!(lines[0].contains("crm") && lines.len() == 1 && !lines[0].contains("hunter2"), "{lines:?}");
    let lines = refused(&mut command(folder.path(), &["keygen", "--name", "x", "--scopes", "everything"]));
    assert!(lines[0].contains("ingest, read and admin"), "{lines:?}");
    let help =
        command(folder.path(), &["--help"]).env("SSPP_API_KEYS", "crm:ingest:hunter2").output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("hunter2"));
}
