//! Every block `sh` of the guide runs as it stands: a page at a time, in its order, in a folder of its own, beside a new server.
//!
//! A line that ends in a backslash, or inside quotes, goes on. A line `#> x` says that the command before it prints `x`; where that
//! is an error status (`#> HTTP/1.1 4…`), the command may fail.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::pages::{self, Page};

/// The address that the guide names.
const SERVER: &str = "http://127.0.0.1:3000";
/// Lets curl say nothing but the answer, and fail where the server refuses.
const CURL: &str = "curl() { command curl --silent --show-error --fail-with-body \"$@\"; }";

/// A command and what it prints.
#[derive(Debug, Default, PartialEq, Eq)]
struct Example {
    command: String,
    shown: Vec<String>,
}

impl Example {
    fn may_fail(&self) -> bool {
        self.shown.iter().any(|part| part.starts_with("HTTP/1.1 4") || part.starts_with("HTTP/1.1 5"))
    }

    /// The program that it begins with; a variable is the shell's.
    fn program(&self) -> &str {
        let word = self.command.split_whitespace().next().unwrap_or_default();
        if word.contains('=') { "bash" } else { word }
    }
}

/// The commands of a block, in their order.
fn examples(code: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut open = false;
    for line in code.lines() {
        if let Some(shown) = line.strip_prefix("#> ") {
            examples.last_mut().unwrap().shown.push(shown.to_owned());
        } else if open {
            let command = &mut examples.last_mut().unwrap().command;
            command.push('\n');
            command.push_str(line);
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            examples.push(Example { command: line.to_owned(), shown: Vec::new() });
        }
        let command = examples.last().map_or("", |example| example.command.as_str());
        open = command.ends_with('\\') || command.matches('\'').count() % 2 == 1;
    }
    assert!(!open, "a command does not end: {:?}", examples.last());
    examples
}

/// The folder of the built binaries, `sspp-api` and `sspp` among them where the workspace was built with all features.
fn binaries() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_emit_event")).parent().unwrap().to_owned()
}

/// A shell that finds the binaries before anything else.
fn shell(folder: &Path, script: &str, url: &str) -> Output {
    let path = format!("{}:{}", binaries().display(), std::env::var("PATH").unwrap_or_default());
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", folder.to_str().unwrap()), ("SSPP_URL", url)])
        .output()
        .unwrap()
}

/// A server over a file in a folder; killed when it is dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(binaries().join("sspp-api"))
            .args(["--port", "0"])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("http://")).unwrap();
        // Nothing is read any more: what it says later must not end it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: line[line.find("http://").unwrap()..].to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether all of them are there; on CI they have to be.
fn there(programs: &[&str]) -> bool {
    let folder = std::env::temp_dir();
    let is_there = |program: &&&str| shell(&folder, &format!("command -v {program}"), "").status.success();
    let missing: Vec<_> = programs.iter().filter(|program| !is_there(program)).collect();
    assert!(missing.is_empty() || std::env::var("CI").as_deref() != Ok("true"), "{missing:?} are needed");
    if !missing.is_empty() {
        eprintln!("!!! DID NOT RUN: commands of the guide need {missing:?}");
    }
    missing.is_empty()
}

/// Runs the commands of a page; gives how many ran.
fn run(page: &Page) -> usize {
    let examples: Vec<_> = page.marked("sh").flat_map(|block| examples(block.code)).collect();
    if examples.is_empty() {
        return 0;
    }
    let folder = tempfile::tempdir().unwrap();
    for block in page.marked("toml") {
        if let Some(name) = block.file() {
            std::fs::write(folder.path().join(name), block.code).unwrap();
        }
    }
    let server = Server::start(folder.path(), &page.arguments());
    let mut ran = 0;
    for example in examples {
        if !there(&[example.program()]) {
            continue;
        }
        let script = format!("{CURL}\n{}", example.command.replace(SERVER, &server.url));
        let output = shell(folder.path(), &script, &server.url);
        let said = String::from_utf8_lossy(&output.stdout);
        let good = output.status.success() || example.may_fail();
        let shown = example.shown.iter().all(|part| said.contains(part));
        assert!(good && shown, "{}: {example:#?}\n{output:#?}", page.name);
        ran += 1;
    }
    ran
}

#[test]
fn every_command_of_the_guide_works_as_it_stands() {
    if there(&["bash", "curl", "sspp-api"]) {
        let ran: usize = pages::all().iter().map(run).sum();
        assert!(ran > 50, "{ran}");
    }
}

#[test]
fn commands_are_separated_from_their_output() {
    let code = "# why\ncurl a \\\n  b\n#> x\n#> y\n\ncurl -d '{\n}'\n";
    let example = |command: &str, shown: &[&str]| Example {
        command: command.to_owned(),
        shown: shown.iter().map(|part| (*part).to_owned()).collect(),
    };
    assert_eq!(examples(code), [example("curl a \\\n  b", &["x", "y"]), example("curl -d '{\n}'", &[])]);
}
