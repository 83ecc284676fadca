//! Every block `sh` of the guide runs as it stands: a page at a time, in its order, in a folder of its own, beside a new server.
//!
//! A line that ends in a backslash, or inside quotes, goes on. A line `#> x` says that the command before it prints `x`. Where that
//! is an error status (`#> HTTP/1.1 4…`), the command may fail; where it is a program's error (`#> sspp-api: …`), it must fail.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::pages::{self, Page};
use crate::servers;
use sspp_core::testing::did_not_run;

/// The address that the guide names.
const SERVER: &str = "http://127.0.0.1:3000";
/// Lets curl say nothing but the answer, and fail where the server refuses.
const CURL: &str = "curl() { command curl --silent --show-error --fail-with-body \"$@\"; }";

/// Lets `cargo run` take the binary that was built already.
pub(crate) const CARGO: &str = r#"cargo() {
  local program
  while (($#)) && [[ $1 != -- ]]; do
    case $1 in -p | --bin) program=$2 ;; esac
    shift
  done
  "$program" "${@:2}"
}"#;

/// A command and what it prints.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Example {
    pub(crate) command: String,
    shown: Vec<String>,
}

impl Example {
    fn may_fail(&self) -> bool {
        self.shown.iter().any(|part| part.starts_with("HTTP/1.1 4") || part.starts_with("HTTP/1.1 5"))
    }

    fn must_fail(&self) -> bool {
        self.shown.iter().any(|part| part.starts_with("sspp-api: "))
    }

    /// The program that it runs, after variables that are set for it.
    pub(crate) fn program(&self) -> &str {
        let word = self.command.split_whitespace().find(|word| word.contains("=$(") || !word.contains('='));
        word.filter(|word| !word.contains('=')).unwrap_or("bash")
    }
}

/// The commands of a block, in their order.
pub(crate) fn examples(code: &str) -> Vec<Example> {
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
pub(crate) fn binaries() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_emit_event")).parent().unwrap().to_owned()
}

/// A shell that finds the binaries before anything else.
pub(crate) fn bash(folder: &Path, script: &str) -> Command {
    let path = format!("{}:{}", binaries().display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", folder.to_str().unwrap())]);
    command
}

/// Runs a script beside a server.
fn shell(folder: &Path, script: &str, url: &str) -> Output {
    let port = url.rsplit(':').next().unwrap_or_default();
    bash(folder, script).envs([("SSPP_URL", url), ("PORT", port)]).output().unwrap()
}

/// A server over a file in a folder; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// `None` where `sspp-api` was not built, which has been said.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Option<Self> {
        if !is_built("sspp-api") {
            return None;
        }
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
        Some(Self { child, url: line[line.find("http://").unwrap()..].to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether all of them are there; on CI they have to be.
pub(crate) fn there(programs: &[&str]) -> bool {
    let folder = std::env::temp_dir();
    let found = |program: &str| {
        let found = bash(&folder, &format!("command -v {program}")).output();
        found.is_ok_and(|output| output.status.success())
    };
    let is_there = |program: &&&str| found(program);
    let missing: Vec<_> = programs.iter().filter(|program| !is_there(program)).collect();
    if !missing.is_empty() {
        did_not_run(&format!("commands of the guide need {missing:?}"));
    }
    missing.is_empty()
}

/// Whether a build of the workspace put this binary beside the examples; on CI it has to be there.
fn is_built(binary: &str) -> bool {
    let built = binaries().join(binary).exists();
    if !built {
        did_not_run(&format!("{binary} is not built: build the whole workspace with all features"));
    }
    built
}

/// Runs the commands of a page, then what starts servers of its own; gives how many ran.
fn run(page: &Page) -> usize {
    let examples: Vec<_> = page.marked("sh").flat_map(|block| examples(block.code)).collect();
    let folder = tempfile::tempdir().unwrap();
    for block in page.marked("toml") {
        if let Some(name) = block.file() {
            std::fs::write(folder.path().join(name), block.code).unwrap();
        }
    }
    let (wanted, mut ran) = (examples.len(), 0);
    if wanted > 0 {
        let server = Server::start(folder.path(), &page.arguments()).unwrap();
        ran = examples.iter().filter(|example| run_beside(example, page, folder.path(), &server.url)).count();
    }
    // What was skipped may have made what these need.
    if ran == wanted {
        ran += servers::run(page, folder.path());
    }
    ran
}

/// Runs a command; whether its program is there.
fn run_beside(example: &Example, page: &Page, folder: &Path, url: &str) -> bool {
    if !there(&[example.program()]) {
        return false;
    }
    let script = format!("{CURL}\n{CARGO}\n{}", example.command.replace(SERVER, url));
    let output = shell(folder, &script, url);
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    if example.must_fail() {
        said += &String::from_utf8_lossy(&output.stderr);
    }
    let good = output.status.success() != example.must_fail() || (example.may_fail() && !example.must_fail());
    let shown = example.shown.iter().all(|part| said.contains(part));
    assert!(good && shown, "{}: {example:#?}\n{output:#?}", page.name);
    true
}

#[test]
fn every_command_of_the_guide_works_as_it_stands() {
    if there(&["bash", "curl", "sspp-api", "sspp-worker"]) {
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
