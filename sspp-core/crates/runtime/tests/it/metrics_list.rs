//! The list of metrics is in order. The guide shows it: `examples/tests/guide/tables.rs`.

const LIST: &str = include_str!("../../metrics.tsv");

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
