//! Ctrl-C and SIGTERM: an import stops between two batches at once, and says how to continue.
#![cfg(unix)]

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::super::{Said, command, sspp};
use super::{Bench, HEADER, csv};

fn signal(child: &Child, name: &str) {
    // The shell's own: not every system has the program.
    let sent = Command::new("sh").args(["-c", &format!("kill {name} {}", child.id())]).status();
    assert!(sent.unwrap().success());
}

fn spawn(url: &str, arguments: &[&str]) -> Child {
    let mut command = command(url, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn rows(bench: &Bench, checkpoint: &str) -> u64 {
    let found = serde_json::from_str::<Value>(&bench.read(checkpoint)).ok();
    found.and_then(|json| json["rows"].as_u64()).unwrap_or(0)
}

#[test]
fn a_stopped_import_tells_how_to_go_on_and_counts_each_row_once() {
    let bench = Bench::new();
    let name = "it's mine.csv";
    bench.write(name, csv(600));
    let path = bench.path(name);
    let arguments = ["import", &path, "--batch", "5"];
    for (word, code) in [("-INT", 130), ("-TERM", 143)] {
        let before = rows(&bench, "it's mine.csv.checkpoint");
        let mut child = spawn(&bench.platform.url, &arguments);
        while rows(&bench, "it's mine.csv.checkpoint") < before + 50 {
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            std::thread::yield_now();
        }
        signal(&child, word);
        let said = Said::from(child.wait_with_output().unwrap());
        let done = rows(&bench, "it's mine.csv.checkpoint");
        assert_eq!(said.code, code, "{said:?}");
        let quoted = path.replace('\'', r"'\''");
        let command = format!("run this again to continue: sspp import '{quoted}' --batch 5");
        assert!(
            said.err.contains(&format!("stopped after {done} rows")) && said.err.contains(&command),
            "{said:?}"
        );
        assert_eq!(bench.read("it's mine.csv.checkpoint.new"), "");
    }
    let said = sspp(&bench.platform.url, &arguments);
    assert!(said.code == 0 && said.err.contains("continuing after row"), "{said:?}");
    bench.signals(600);
}

#[test]
fn nothing_that_is_waited_for_keeps_an_import_from_stopping() {
    // A server that takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let bench = Bench::new();
    bench.write("events.csv", csv(3));
    let path = bench.path("events.csv");
    let child = spawn(&url, &["import", &path, "--again", "--api-key", "hush"]);
    let _connection = silent.accept().unwrap();
    signal(&child, "-INT");
    let said = Said::from(child.wait_with_output().unwrap());
    let command = format!("to continue (after SSPP_API_KEY was set to the key): sspp import {path}\n");
    assert!(
        said.code == 130 && said.err.contains("stopped after 0 rows") && said.err.contains(&command),
        "{said:?}"
    );

    // Standard input that brings nothing more: what it brought is sent.
    let mut child = spawn(&bench.platform.url, &["import", "-"]);
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{HEADER}\na,u,call_made,2026-01-15").unwrap();
    bench.signals(1);
    signal(&child, "-INT");
    let said = Said::from(child.wait_with_output().unwrap());
    drop(input);
    assert!(said.code == 130 && said.err.contains("count again"), "{said:?}");
}
