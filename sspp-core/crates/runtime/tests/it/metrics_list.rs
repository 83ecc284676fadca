//! The README's table of metrics is the list, and the list is in order.

use std::fmt::Write as _;
use std::path::Path;

const LIST: &str = include_str!("../../metrics.tsv");
const BEGIN: &str = "<!-- metrics: written by `just metrics` from sspp-core/crates/runtime/metrics.tsv -->\n";
const END: &str = "<!-- /metrics -->\n";

fn table() -> String {
    let mut table = "| metric | kind | of | labels | |\n|---|---|---|---|---|\n".to_owned();
    for line in LIST.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, kind, processes, labels, meaning] = <[&str; 5]>::try_from(cells).unwrap();
        let [processes, labels] = [processes, labels].map(|list| list.replace(',', ", "));
        writeln!(table, "| `{name}` | {kind} | {processes} | {labels} | {meaning} |").unwrap();
    }
    table
}

#[test]
fn the_readme_shows_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var_os("SSPP_WRITE_README").is_some() {
        std::fs::write(&path, [before, BEGIN, &table(), END, after].concat()).unwrap();
    } else {
        assert!(
            shown == table(),
            "README.md shows other metrics than sspp-core/crates/runtime/metrics.tsv: run `just metrics`"
        );
    }
}

#[test]
fn names_say_their_kind_and_come_once() {
    let mut names = std::collections::BTreeSet::new();
    for line in LIST.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (name, kind) = (cells[0], cells[1]);
        assert!(names.insert(name), "{name} comes twice");
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{name}: {kind}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}: a counter ends in _total");
        assert!(name.starts_with("sspp_") || name.starts_with("process_"), "{name}");
        let processes = [
            "direct",
            "queued",
            "worker",
            "direct,queued",
            "direct,worker",
            "queued,worker",
            "direct,queued,worker",
        ];
        assert!(processes.contains(&cells[2]), "{name}: {}", cells[2]);
    }
}
