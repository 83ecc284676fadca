//! Each example runs as its README says.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program that goes on; killed when it is dropped.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    /// Starts it and waits until it says where it listens.
    fn start(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PORT", "0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("http://")).unwrap();
        // Nothing is read any more: what it says later must not end it.
        std::thread::spawn(move || lines.for_each(drop));
        let url = line[line.find("http://").unwrap()..].to_owned();
        Self { child, url }
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn platform() -> Running {
    Running::start(env!("CARGO_BIN_EXE_embedded_platform"), &["--serve"], &[])
}

/// Runs a program to its end, and gives what it said.
fn run(program: &str, arguments: &[&str], url: &str, folder: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("SSPP_URL", url)
        .current_dir(folder)
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {said}");
    said
}

const AWAY: &str = "http://127.0.0.1:1";

#[test]
fn embedded_platform() {
    let said = run(env!("CARGO_BIN_EXE_embedded_platform"), &[], AWAY, Path::new("."));
    assert!(said.contains("accepted 1"), "{said}");
}

#[test]
fn emit_event() {
    let said = run(env!("CARGO_BIN_EXE_emit_event"), &[], &platform().url, Path::new("."));
    assert!(said.contains("score 1") && said.contains("everything arrived: true"), "{said}");
}

#[test]
fn batch_import() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/events.csv")).unwrap();
    let rows = text.lines().count() - 1;
    std::fs::write(folder.path().join("events.csv"), text).unwrap();
    let platform = platform();
    let import = || run(env!("CARGO_BIN_EXE_batch_import"), &["events.csv"], &platform.url, folder.path());
    let said = import();
    assert!(said.contains(&format!("done: {rows} accepted, 0 rejected, 0 before")), "{said}");
    let said = import();
    assert!(said.contains(&format!("done: 0 accepted, 0 rejected, {rows} before")), "{said}");
}

#[test]
fn custom_transport() {
    let said = run(env!("CARGO_BIN_EXE_custom_transport"), &[], AWAY, Path::new("."));
    assert_eq!(said.lines().filter(|line| line.contains("\"email_opened\"")).count(), 3, "{said}");
}

#[test]
fn custom_scoring() {
    let said = run(env!("CARGO_BIN_EXE_custom_scoring"), &[], AWAY, Path::new("."));
    assert!(said.contains("10 minutes: 0.50") && said.contains("50 minutes: 0.80"), "{said}");
}

#[test]
fn offline_spool() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_offline_spool");
    let said = run(program, &[], AWAY, folder.path());
    assert!(
        said.contains("0 events from earlier runs") && said.contains("3 kept for the next run"),
        "{said}"
    );
    let said = run(program, &[], AWAY, folder.path());
    assert!(
        said.contains("3 events from earlier runs") && said.contains("6 kept for the next run"),
        "{said}"
    );
    let said = run(program, &[], &platform().url, folder.path());
    assert!(said.contains("all delivered") && said.contains("accepted 9, 0 kept"), "{said}");
}

#[test]
fn instrumented_service() {
    let platform = platform();
    let shop =
        Running::start(env!("CARGO_BIN_EXE_instrumented_service"), &[], &[("SSPP_URL", &platform.url)]);
    assert!(shop.ask("POST", "/demo/acme/ada").contains("Thank you, ada."));
    assert!(shop.ask("GET", "/pricing/acme/ada").contains("fair"));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !shop.ask("GET", "/stats").contains("emitted 2, accepted 2, waiting 0") {
        assert!(std::time::Instant::now() < deadline, "{}", shop.ask("GET", "/stats"));
    }
}
