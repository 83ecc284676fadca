//! `kill -9` of a process that appends.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use sspp_client::spool::Spool;

use super::{drain, open};

const FOLDER: &str = "SSPP_TEST_SPOOL_FOLDER";

/// Not a test by itself: the process that is killed.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn child() {
    let folder = std::env::var(FOLDER).unwrap();
    let spool = open(Path::new(&folder));
    for number in 0.. {
        match spool.append(format!("{number}").as_bytes()) {
            Ok(()) => println!("appended {number}"),
            // Full: make room as a delivery would.
            Err(_) => deliver(&spool),
        }
    }
}

/// Says what is in the spool before it forgets it.
fn deliver(spool: &Spool) {
    while let Some(batch) = spool.peek(10, 2_000).unwrap() {
        for payload in batch.payloads() {
            println!("delivered {}", String::from_utf8_lossy(payload));
        }
        spool.settle(&batch).unwrap();
    }
}

#[test]
fn what_was_appended_is_there_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut last = None;
    for lines in [1, 50, 700, 5_000] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut said: Vec<String> = Vec::new();
        while said.len() < lines {
            said.extend(output.next().filter(|line| line.contains(' ')));
        }
        child.kill().unwrap();
        // What it said before it died counts too; a last line may be cut short.
        said.extend(output);
        child.wait().unwrap();
        let numbers = |what: &str| -> Vec<u64> {
            said.iter().filter_map(|line| line.strip_prefix(what)?.parse().ok()).collect()
        };
        let (appended, delivered) = (numbers("appended "), numbers("delivered "));

        let spool = open(folder.path());
        let stats = spool.stats();
        assert_eq!((stats.damaged, stats.torn_bytes), (0, 0), "no machine crashed");
        let left: Vec<u64> = drain(&spool)
            .iter()
            .map(|payload| std::str::from_utf8(payload).unwrap().parse().unwrap())
            .collect();
        assert!(left.is_sorted_by(|a, b| a + 1 == *b), "a gap or a turn: {left:?}");
        let missing: Vec<_> =
            appended.iter().filter(|number| !left.contains(number) && !delivered.contains(number)).collect();
        assert!(missing.is_empty(), "{missing:?} of {} appended", appended.len());
        last = left.last().copied();
    }
    assert!(last.is_some());
}
