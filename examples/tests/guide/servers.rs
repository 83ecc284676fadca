//! Blocks `sh,serve` start servers, and blocks `sh,docker` containers too: each server has to come up as the page says, and is stopped.
//!
//! A block that only sets variables is one whose `sspp-api` starts with them. Servers listen on free ports. Containers are those
//! of other tests: a line `docker run` starts one of them, and its URL takes the place of the page's.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sspp_core::testing::servers::{self, Kind};

use crate::commands::{self, CARGO, Example};
use crate::pages::Page;

/// Servers on free ports.
const FUNCTIONS: &str = r#"
sspp-api() { PORT=0 command sspp-api "${@/#8080/0}"; }
sspp-worker() { WORKER_PORT=0 command sspp-worker "$@"; }
"#;

/// What the page calls the servers that `docker run` starts.
const POSTGRES: &str = "postgres://postgres:secret@127.0.0.1:5432/postgres";
const REDIS: &str = "redis://127.0.0.1:6379";

/// Runs the blocks of a page that start servers; gives how many did.
pub(crate) fn run(page: &Page, folder: &Path) -> usize {
    let alone = page.marked("sh,serve").map(|block| units(block.code, "")).collect::<Vec<_>>();
    let mut ran = alone.iter().flatten().map(|unit| unit.run(page, folder, &[])).count();
    let with_containers: Vec<_> = page.marked("sh,docker").map(|block| block.code).collect();
    if !with_containers.is_empty() {
        ran += containers(page, folder, &with_containers);
    }
    ran
}

/// Runs blocks beside Redis and PostgreSQL, where there is an engine for them.
#[tokio::main]
async fn containers(page: &Page, folder: &Path, blocks: &[&str]) -> usize {
    let (postgres, redis) = tokio::join!(servers::server(Kind::Postgres17), servers::server(Kind::Redis7));
    let (Some(postgres), Some(redis)) = (postgres, redis) else { return 0 };
    let variables = [("DATABASE_URL", postgres.url.as_str())];
    let mut ran = 0;
    for block in blocks {
        let block = block.replace(POSTGRES, &postgres.url).replace(REDIS, &redis.url);
        ran += units(&block, "docker").iter().map(|unit| unit.run(page, folder, &variables)).count();
    }
    ran
}

/// Commands that run together: as many servers as they start stay up.
#[derive(Debug, PartialEq, Eq)]
struct Unit {
    script: String,
    servers: usize,
}

/// The units of a block: each ends with a server in the foreground, or with the block. Lines of this program are left out.
fn units(code: &str, without: &str) -> Vec<Unit> {
    let lines = commands::examples(code).into_iter().filter(|line| line.program() != without);
    let lines: Vec<Example> = lines.collect();
    let only_variables = lines.iter().all(|line| line.program() == "export" || line.program() == "bash");
    let (mut units, mut before, mut servers, mut open) = (Vec::new(), String::new(), 0, false);
    for line in &lines {
        let script = format!("{before}{}\n", line.command);
        let in_background = line.command.ends_with('&');
        if starts_a_server(line) && !in_background {
            units.push(Unit { script, servers: servers + 1 });
            open = false;
        } else {
            servers += usize::from(in_background);
            before = script;
            open = true;
        }
    }
    if only_variables && !lines.is_empty() {
        units.push(Unit { script: format!("{before}sspp-api\n"), servers: 1 });
    } else if open {
        units.push(Unit { script: before, servers });
    }
    units
}

/// Whether it goes on until it is stopped: a subcommand does not.
fn starts_a_server(line: &Example) -> bool {
    let mut words = line.command.split_whitespace().skip_while(|word| *word != line.program());
    let program = words.next().unwrap_or_default();
    let next = words.next().unwrap_or("-");
    match program {
        "cargo" => next == "run" && line.command.contains("-p sspp-api"),
        "sspp-api" | "sspp-worker" => next.starts_with('-') || next == "&",
        _ => false,
    }
}

impl Unit {
    /// Runs it until its servers are up, and stops them.
    fn run(&self, page: &Page, folder: &Path, variables: &[(&str, &str)]) {
        let mut child = commands::bash(folder, &format!("{CARGO}\n{FUNCTIONS}{}", self.script))
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut errors = child.stderr.take().unwrap();
        let said = std::thread::spawn(move || {
            let mut text = String::new();
            drop(errors.read_to_string(&mut text));
            text
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let up = lines.by_ref().filter(|line| line.contains("http://") && line.contains("listens"));
        let up = up.take(self.servers).count();
        if self.servers > 0 {
            // The shell and what it started.
            let stop = format!("kill -TERM -{}", child.id());
            drop(Command::new("sh").args(["-c", &stop]).status());
        }
        // The output ends with the last process.
        lines.for_each(drop);
        let status = child.wait().unwrap();
        let good = up == self.servers && (self.servers > 0 || status.success());
        assert!(good, "{}: {self:#?}\n{up} came up, {status}\n{}", page.name, said.join().unwrap());
    }
}

#[test]
fn a_block_is_run_in_units_that_end_with_a_server() {
    let unit = |script: &str, servers| Unit { script: script.to_owned(), servers };
    assert_eq!(
        units("sspp-api --port 1\nPORT=1 sspp-api", ""),
        [unit("sspp-api --port 1\n", 1), unit("PORT=1 sspp-api\n", 1)]
    );
    assert_eq!(units("export A=1 B=2", ""), [unit("export A=1 B=2\nsspp-api\n", 1)]);
    assert_eq!(
        units("docker run x\nexport A=1\nsspp-api migrate", "docker"),
        [unit("export A=1\nsspp-api migrate\n", 0)]
    );
    assert_eq!(
        units("sspp-worker &\ncargo run -p sspp-api", ""),
        [unit("sspp-worker &\ncargo run -p sspp-api\n", 2)]
    );
}
