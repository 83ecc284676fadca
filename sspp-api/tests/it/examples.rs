//! The README's section "API by example": each command is run by a shell, as it stands, against the real binary.

use std::path::Path;
use std::process::{Command, Output};

use sspp_core::testing::eventually;

use crate::process::Running;

const README: &str = include_str!("../../../README.md");

/// A command and what its output is said to hold.
#[derive(Debug, Default, PartialEq)]
struct Example {
    command: String,
    shown: Vec<String>,
}

/// The commands of the section, in its order: a line that ends in a backslash, or inside quotes, continues; a line `#> x` says
/// that the output holds `x`.
fn examples(readme: &str) -> Vec<Example> {
    let section = readme.split_once("\n## API by example\n").unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let mut examples: Vec<Example> = Vec::new();
    let mut open = false;
    for block in section.split("```sh\n").skip(1) {
        for line in block.split("\n```").next().unwrap().lines() {
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
    }
    examples
}

fn tools() -> bool {
    let there = |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|o| o.status.success());
    let all = there("bash") && there("curl");
    assert!(all || std::env::var("CI").as_deref() != Ok("true"), "bash and curl are needed");
    if !all {
        eprintln!("!!! DID NOT RUN: the README's examples need bash and curl");
    }
    all
}

/// Runs a command where curl fails when the server refuses.
fn run(folder: &Path, base: &str, command: &str) -> Output {
    let command = command.replace("http://127.0.0.1:3000", base);
    let script =
        format!("curl() {{ command curl --silent --show-error --fail-with-body \"$@\"; }}\n{command}");
    Command::new("bash").args(["-euo", "pipefail", "-c", &script]).current_dir(folder).output().unwrap()
}

#[tokio::test]
async fn every_example_of_the_readme_works_as_it_stands() {
    if !tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let examples = examples(README);
    assert!(examples.len() >= 12, "{examples:#?}");
    for example in examples {
        let last = std::sync::Mutex::new(None);
        // An event becomes a signal a moment after it was taken: what reads it may come too early.
        let works = async || {
            let output = run(folder.path(), &running.base, &example.command);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let shown = !example.shown.is_empty() && example.shown.iter().all(|part| said.contains(part));
            let good = output.status.success() && shown;
            *last.lock().unwrap() = Some(output);
            good
        };
        let patience = std::time::Duration::from_secs(5);
        let held = tokio::time::timeout(patience, eventually("the example works", works)).await;
        assert!(held.is_ok(), "{example:#?}\n{:#?}", last.lock().unwrap());
    }
}

#[test]
fn commands_are_separated_from_their_output() {
    let readme = "\n## API by example\n\n```sh\n# why\ncurl a \\\n  b\n#> x\n#> y\n\ncurl -d '{\n}'\n```\n\n## Next\n```sh\nno\n```\n";
    let example = |command: &str, shown: &[&str]| Example {
        command: command.to_owned(),
        shown: shown.iter().map(|part| (*part).to_owned()).collect(),
    };
    assert_eq!(examples(readme), [example("curl a \\\n  b", &["x", "y"]), example("curl -d '{\n}'", &[])]);
}
