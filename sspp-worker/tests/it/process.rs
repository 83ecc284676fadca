//! The two binaries as processes: started with only the variables that a test sets, killed when the test ends early.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::StatusCode;
use serde_json::Value;

/// The worker's binary.
pub(crate) const WORKER: &str = env!("CARGO_BIN_EXE_sspp-worker");

/// The API's binary, which a build of the workspace puts beside the worker's.
pub(crate) fn api() -> PathBuf {
    let path = PathBuf::from(WORKER).with_file_name("sspp-api");
    assert!(path.exists(), "{} is not there: build it with `cargo build -p sspp-api`", path.display());
    path
}

/// A command with only the variables that a test sets.
pub(crate) fn command(
    program: impl Into<PathBuf>,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Command {
    let mut command = Command::new(program.into());
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command
}

/// Runs a process that is expected to end by itself; gives its status, what it printed, and what it said.
pub(crate) fn ended(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A process that listens.
#[derive(Debug)]
pub(crate) struct Running {
    child: Mutex<Child>,
    pub(crate) base: String,
    log: Arc<Mutex<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(child.kill());
        drop(child.wait());
        if std::thread::panicking() {
            eprintln!("--- what {} said\n{}", self.base, self.log());
        }
    }
}

impl Running {
    /// Starts it on a free port and waits until it says where it listens.
    pub(crate) fn start(program: impl Into<PathBuf>, variables: &[(&str, &str)]) -> Self {
        Self::of(&mut command(program, &["--port", "0"], variables))
    }

    /// Starts what a command says and waits until it says where it listens.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push_str(&(line + "\n"));
            }
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        // What else it prints must not block it.
        std::thread::spawn(move || drop(out.read_to_end(&mut Vec::new())));
        let base = first.split(' ').find(|word| word.starts_with("http://"));
        let base = base.map(|base| base.trim().to_owned());
        let Some(base) = base else {
            let status = child.wait().unwrap();
            panic!("it did not start: {status} {first}");
        };
        Self { child: Mutex::new(child), base, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child().id()
    }

    pub(crate) fn port(&self) -> &str {
        self.base.rsplit(':').next().unwrap()
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child().id().to_string();
        // The shell's own: not every system has the program.
        assert!(Command::new("sh").args(["-c", &format!("kill {name} {pid}")]).status().unwrap().success());
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the process to end by itself.
    pub(crate) fn ended(&self) -> i32 {
        self.child().wait().unwrap().code().unwrap()
    }

    /// Whether the process was ended by a signal; one that ended by itself is a failure.
    pub(crate) fn died(&self) -> bool {
        let status = self.child().try_wait().unwrap();
        status.is_some_and(|status| {
            assert_eq!(status.code(), None, "it ended by itself: {}", self.log());
            true
        })
    }

    /// Whether a signal stopped the process.
    pub(crate) fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child().id())).unwrap();
        // The state follows the name, which is in brackets and may hold anything.
        stat.rsplit(") ").next().unwrap().starts_with('T')
    }

    pub(crate) async fn status(&self, path: &str) -> StatusCode {
        reqwest::get(format!("{}{path}", self.base)).await.unwrap().status()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        reqwest::get(format!("{}{path}", self.base)).await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let text = self.text(path).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }

    pub(crate) async fn post(&self, event: &str) -> reqwest::Response {
        let url = format!("{}/api/v1/events", self.base);
        let request = reqwest::Client::new().post(url).header("content-type", "application/json");
        request.body(event.to_owned()).send().await.unwrap()
    }
}
