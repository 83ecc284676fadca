//! The real binary: how it starts, what it says when it cannot, and how it stops.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sspp-api"));
    // Only what a test sets: the developer's own variables must not matter.
    command.args(arguments).current_dir(folder).env_clear();
    command
}

/// Runs a process that is expected to fail at start, and gives what it said in one line a fault.
pub(crate) fn refused(command: &mut Command) -> Vec<String> {
    let Output { status, stderr, .. } = command.output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{text}");
    assert!(!text.contains("backtrace") && !text.contains("panicked"), "{text}");
    text.lines().map(str::to_owned).collect()
}

/// A process that listens; killed when the test ends early.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) base: String,
    announced: String,
    /// Reads the log, so that the process never waits for a reader.
    log: Option<JoinHandle<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with(folder, arguments, &[])
    }

    pub(crate) fn start_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = command(folder, &[&["--port", "0"], arguments].concat())
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut said = Vec::new();
            drop(stderr.read_to_end(&mut said));
            String::from_utf8_lossy(&said).into_owned()
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut announced = Vec::new();
        for line in lines.by_ref().map_while(Result::ok) {
            let last = line.starts_with("try:");
            announced.push(line);
            if last {
                break;
            }
        }
        if announced.len() != 5 {
            child.kill().unwrap();
            panic!("{announced:?} {}", log.join().unwrap());
        }
        let base = announced[0].rsplit(' ').next().unwrap().to_owned();
        Self { child, base, announced: announced.join("\n"), log: Some(log) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        // The shell's own: not every system has the program.
        assert!(Command::new("sh").args(["-c", &format!("kill {name} {pid}")]).status().unwrap().success());
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let text = reqwest::get(format!("{}{path}", self.base)).await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Everything that it writes until it has stopped.
    pub(crate) fn said_until_stopped(mut self) -> String {
        self.signal("-TERM");
        format!("{}{}", self.announced, self.log.take().unwrap().join().unwrap())
    }

    /// kill -9, and gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the process to end by itself.
    pub(crate) fn ended(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }
}

#[tokio::test]
async fn one_command_is_a_whole_platform_and_what_it_took_survives_it() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    assert!(
        running.announced.contains("/api/docs") && running.announced.contains("sspp.db"),
        "{}",
        running.announced
    );
    assert_eq!(running.get("/ready").await["status"], "ready");
    assert_eq!(running.get("/health").await["services"]["sqlite"]["status"], "healthy");

    // The printed line works as it stands.
    let line = running.announced.lines().last().unwrap().strip_prefix("try:").unwrap().trim().to_owned();
    let parts: Vec<&str> = line.split('\'').collect();
    let url = parts[0].split(' ').find(|part| part.starts_with("http")).unwrap();
    let client = reqwest::Client::new();
    let (name, value) = parts[1].split_once(": ").unwrap();
    let sent = client.post(url).header(name, value).body(parts[3].to_owned()).send().await.unwrap();
    assert_eq!(sent.status(), 202, "{line}");
    let answer: Value = sent.json().await.unwrap();
    let job = format!("/api/v1/jobs/{}", answer["jobId"].as_str().unwrap());
    assert_eq!(running.get(&job).await["state"], "completed", "the 202 is the commit");
    running.signal("-TERM");
    assert_eq!(running.ended(), 0);

    let again = Running::start(folder.path(), &[]);
    assert_eq!(again.get(&job).await["state"], "completed");
    assert_eq!(again.get("/api/v1/signals/stats").await["total_signals"], 1);
    again.signal("-INT");
    assert_eq!(again.ended(), 0);
}

#[tokio::test]
async fn a_health_check_tells_ready_from_not() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let port = running.base.rsplit(':').next().unwrap().to_owned();
    let check = |arguments: &[&str]| command(folder.path(), arguments).output().unwrap();
    let ready = check(&["healthcheck", "--port", &port]);
    assert!(ready.status.success() && ready.stdout.starts_with(b"ready: 127.0.0.1:"), "{ready:?}");
    let unspecified = check(&["healthcheck", "--port", &port, "--bind", "0.0.0.0"]);
    assert!(unspecified.status.success(), "{unspecified:?}");
    running.kill();
    let said = refused(&mut command(folder.path(), &["healthcheck", "--port", &port]));
    assert!(said.len() == 1 && said[0].contains(&port), "{said:?}");
}

/// No server listens on port 1.
const AWAY: [(&str, &str); 2] = [
    ("REDIS_URL", "redis://:hunter2@127.0.0.1:1"),
    ("DATABASE_URL", "postgres://sspp:hunter2@127.0.0.1:1/sspp"),
];

#[tokio::test]
async fn over_servers_that_are_away_it_answers_in_time_and_touches_no_file() {
    for (servers, names, intake) in
        [(&AWAY[..], &["redis", "postgresql"][..], "queued"), (&AWAY[1..], &["postgresql"], "direct")]
    {
        let folder = tempfile::tempdir().unwrap();
        let running = Running::start_with(folder.path(), &[], servers);
        assert_eq!(running.announced.contains("Redis"), intake == "queued", "{running:?}");
        assert!(
            running.announced.contains("PostgreSQL") && !running.announced.contains("hunter2"),
            "{running:?}"
        );
        let began = std::time::Instant::now();
        let event = crate::harness::event("acc_1", "email_opened", "{}");
        let url = format!("{}/api/v1/events", running.base);
        let request = reqwest::Client::new().post(url).header("content-type", "application/json").body(event);
        let answer = request.send().await.unwrap();
        assert!(began.elapsed().as_millis() < 3_500, "{:?}", began.elapsed());
        assert_eq!(answer.status(), 503);
        assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
        let health = running.get("/health").await;
        assert_eq!(
            (&health["intake"], health["services"].as_object().unwrap().len()),
            (&intake.into(), names.len())
        );
        for name in names {
            assert_eq!(health["services"][name]["status"], "unhealthy", "{health}");
        }
        assert_eq!(health["durability"], "unknown", "{health}");
        assert_eq!(running.get("/ready").await["statusCode"], 503);
        assert_eq!(running.get("/livez").await["status"], "alive");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a data file was made");
        running.signal("-TERM");
        assert_eq!(running.ended(), 0);
    }
}

/// Somebody forgot `REDIS_URL`, or set for the API what the workers read.
#[test]
fn settings_that_another_shape_reads_are_named() {
    let queue = [("QUEUE_NAME", "jobs"), ("SSPP_MAX_BACKLOG", "10")];
    let retention = [("SSPP_RETAIN_SIGNALS", "90d")];
    for (servers, settings, said) in [
        (&[][..], &queue[..], &["QUEUE_NAME, SSPP_MAX_BACKLOG", "REDIS_URL"][..]),
        (&AWAY[1..], &queue, &["QUEUE_NAME, SSPP_MAX_BACKLOG", "REDIS_URL"]),
        (&AWAY, &retention, &["SSPP_RETAIN_SIGNALS", "sspp-worker does the retention"]),
        (&[], &retention, &[]),
        (&AWAY, &queue, &[]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let running = Running::start_with(folder.path(), &[], &[servers, settings].concat());
        running.signal("-TERM");
        let log = running.said_until_stopped();
        let line = log.lines().find(|line| line.contains("not used by this process")).unwrap_or_default();
        assert_eq!(line.is_empty(), said.is_empty(), "{log}");
        assert!(said.iter().all(|word| line.contains(word)), "{log}");
    }
}

/// Opening waits two seconds for a database that does not answer: a signal ends it before anything is announced.
#[test]
fn a_signal_is_heard_while_servers_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    // It takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let database = format!("postgres://sspp@{}/sspp", silent.local_addr().unwrap());
    let child = command(folder.path(), &["--port", "0"])
        .envs([("REDIS_URL", "redis://127.0.0.1:1"), ("DATABASE_URL", &database)])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let _connected = silent.accept().unwrap();
    let stop = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &stop]).status().unwrap().success());
    let Output { status, stdout, .. } = child.wait_with_output().unwrap();
    assert_eq!((status.code(), String::from_utf8_lossy(&stdout).as_ref()), (Some(0), ""));
}

#[tokio::test]
async fn a_second_process_on_the_same_file_or_port_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let said = refused(&mut command(folder.path(), &["--port", "0"]));
    assert!(said.len() == 1 && said[0].contains("sspp.db") && said[0].contains("SSPP_DATA"), "{said:?}");
    std::fs::hard_link(folder.path().join("sspp.db"), folder.path().join("linked.db")).unwrap();
    let event = crate::harness::event("a", "call_made", "{}");
    std::fs::write(folder.path().join("events.ndjson"), event).unwrap();
    for arguments in [&["--port", "0", "--data", "linked.db"][..], &["import", "events.ndjson"]] {
        let said = refused(&mut command(folder.path(), arguments));
        assert!(said.len() == 1 && said[0].contains("in use by another process"), "{said:?}");
    }
    let port = running.base.rsplit(':').next().unwrap();
    let said = refused(&mut command(folder.path(), &["--port", port, "--data", "other.db"]));
    assert!(said.len() == 1 && said[0].contains(port) && said[0].contains("PORT"), "{said:?}");
    // The first is not disturbed.
    assert_eq!(running.get("/ready").await["status"], "ready");
}

#[tokio::test]
async fn a_data_file_that_is_moved_takes_no_events_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let (data, away) = (folder.path().join("sspp.db"), folder.path().join("away.db"));
    let send = async || {
        let event = crate::harness::event("acc_1", "email_opened", "{}");
        let url = format!("{}/api/v1/events", running.base);
        let request = reqwest::Client::new().post(url).header("content-type", "application/json").body(event);
        request.send().await.unwrap()
    };
    assert_eq!(send().await.status(), 202);
    std::fs::rename(&data, &away).unwrap();
    let refused = send().await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.text().await.unwrap().contains("cannot write"));
    let ready = running.get("/ready").await;
    assert_eq!(ready["statusCode"], 503);
    assert_eq!(ready["detail"], "No event can be taken (sqlite: cannot write)");
    assert_eq!(running.get("/health").await["services"]["sqlite"]["reason"], "cannot write");
    std::fs::rename(&away, &data).unwrap();
    assert_eq!(running.get("/ready").await["status"], "ready");
    assert_eq!(send().await.status(), 202);
}

#[test]
fn what_cannot_start_says_why_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("garbage.db"), "this is no database, not at all".repeat(100)).unwrap();
    for (arguments, named) in [
        (&["--port", "abc"][..], "PORT"),
        (&["--port", "99999"], "PORT"),
        (&["--nonsense"], "--nonsense"),
        (&["serve"], "serve"),
        (&["--bind", "localhost"], "SSPP_BIND"),
        (&["--bind", "0.0.0.0"], "--allow-anonymous"),
        (&["--log-format", "xml"], "LOG_FORMAT"),
        (&["--log-level", ""], "LOG_LEVEL"),
        (&["--api-prefix", "a b"], "API_PREFIX"),
        (&["--max-backlog", "0"], "SSPP_MAX_BACKLOG"),
        (&["--request-timeout", "0"], "SSPP_REQUEST_TIMEOUT"),
        (&["--data", "no/such/folder/sspp.db"], "no/such/folder"),
        (&["--data", "."], "SSPP_DATA"),
        (&["--data", "garbage.db"], "garbage.db"),
        (&["--data", ""], "SSPP_DATA"),
        (&["--data", ":memory:"], "./:memory:"),
        (&["--data", "file:z.db"], "./file:z.db"),
        (&["--data", "file:z?mode=memory&cache=shared"], "URI"),
        (&["--model", "nothing.toml"], "nothing.toml"),
    ] {
        let said = refused(command(folder, arguments).env("PORT", "0").env("RUST_BACKTRACE", "1"));
        assert!(said.len() == 1 && said[0].contains(named), "{arguments:?}: {said:?}");
    }
    for (variable, value) in [
        ("PORT", "abc"),
        ("REDIS_URL", "redis://localhost"),
        ("REDIS_PASSWORD", "hunter2"),
        ("DATABASE_URL", "mysql://localhost/sspp"),
        ("DB_PASSWORD", "hunter2"),
        ("SSPP_STATEMENT_TIMEOUT", "soon"),
        ("SSPP_BIND", "0.0.0.0"),
        ("QUEUE_NAME", "\n"),
    ] {
        let said = refused(command(folder, &[]).env(variable, value));
        assert!(said.len() == 1 && said[0].contains(variable), "{variable}: {said:?}");
        assert!(!said[0].contains("hunter2"), "{said:?}");
    }
}

#[test]
fn every_fault_of_a_model_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let model = r#"
name = "three faults"
version = 1

[events.email_sent]
base = 0.123456
signal_type = "outreach"
group = "outreach"

[[modifiers]]
id = "broken"
when = "metadata.x >"
add = 0.1
reason = "never"

[signal]
min = -1.0
max = 1.0

[account]
points = 30
max = 100
[account.groups.outreach]
cap = 10
half_life_days = 7

[[tiers]]
name = "cold"
enter = 0
leave = 0
"#;
    std::fs::write(folder.path().join("model.toml"), model).unwrap();
    let said = refused(&mut command(folder.path(), &["--port", "0", "--model", "model.toml"]));
    assert_eq!(said.len(), 3, "{said:#?}");
    for named in ["events.email_sent.base", "modifiers[0].when", "signal.min"] {
        assert!(said.iter().any(|line| line.contains(named)), "{named}: {said:#?}");
    }
    assert!(!folder.path().join("sspp.db").exists(), "nothing is made before the model is good");
}
