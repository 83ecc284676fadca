//! The first Rust program of the guide is the example `emit_event`, and prints what the guide says.

use std::process::Command;

use crate::commands::Server;
use crate::pages;

const PROGRAM: &str = include_str!("../../emit_event.rs");

#[test]
fn the_first_program_is_an_example_that_prints_what_the_page_says() {
    let page = pages::all().into_iter().find(|page| page.name == "start/rust.md").unwrap();
    let shown = page.marked("rust,no_run").next().unwrap().code;
    let body = &PROGRAM[PROGRAM.find("use std::time").unwrap()..];
    let main = &body[..=body.find("\n}\n").unwrap() + 2];
    assert_eq!(main.replace("server()", r#""http://127.0.0.1:3000""#), shown);

    let folder = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(folder.path(), &[]) else { return };
    let mut program = Command::new(env!("CARGO_BIN_EXE_emit_event"));
    let output = program.env_clear().env("SSPP_URL", &server.url).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), page.marked("text").next().unwrap().code);
}
