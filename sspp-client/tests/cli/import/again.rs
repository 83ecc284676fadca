//! A checkpoint knows the file by its content.

use super::{Bench, HEADER};

fn row(user: &str) -> String {
    format!("a,{user},email_sent,2026-01-15\n")
}

#[test]
fn another_file_of_the_same_length_is_refused() {
    let bench = Bench::new();
    bench.write("daily.csv", format!("{HEADER}\n{}", row("u1")));
    bench.counts("daily.csv", &[], 1, 0);
    bench.write("daily.csv", format!("{HEADER}\n{}", row("u2")));
    let said = bench.import("daily.csv", &[]);
    assert!(said.code == 1 && said.err.contains("has changed") && said.err.contains("--again"), "{said:?}");
    bench.counts("daily.csv", &["--again"], 1, 0);
    bench.write("daily.csv", format!("{HEADER}\n"));
    let said = bench.import("daily.csv", &[]);
    assert!(said.code == 1 && said.err.contains("bytes") && said.err.contains("--again"), "{said:?}");
    bench.signals(2);
}

#[test]
fn a_file_that_has_grown_goes_on_with_its_new_rows() {
    let bench = Bench::new();
    for (name, begin) in [("log.csv", format!("{HEADER}\n")), ("log.ndjson", String::new())] {
        let row = |user: &str| match name {
            "log.csv" => row(user),
            _ => format!(
                "{{\"accountId\":\"a\",\"userId\":\"{user}\",\"eventType\":\"call_made\",\"timestamp\":\"2026-01-15\"}}\n"
            ),
        };
        bench.write(name, format!("{begin}{}", row("u1")));
        bench.counts(name, &[], 1, 0);
        // The last line had no end.
        bench.write(name, format!("{begin}{}{}", row("u1"), row("u2").trim_end()));
        let said = bench.counts(name, &[], 2, 0);
        assert!(said.out.contains("\"resumedAfter\":1"), "{said:?}");
        bench.write(name, format!("{begin}{}{}{}", row("u1"), row("u2"), row("u3")));
        bench.counts(name, &[], 3, 0);
        let said = bench.import(name, &[]);
        assert!(said.code == 0 && said.out.contains("already imported"), "{said:?}");
        // Lines that were imported before they were complete are not taken for others.
        bench.write(name, format!("{begin}{}{}{}x", row("u1"), row("u2"), row("u3")));
        bench.import(name, &[]);
        bench.write(name, format!("{begin}{}{}{}xy\n", row("u1"), row("u2"), row("u3")));
        let said = bench.import(name, &[]);
        assert!(said.code == 1 && said.err.contains("longer last line"), "{said:?}");
    }
    bench.signals(6);
}

#[test]
fn a_last_row_keeps_its_id_when_its_line_end_is_written() {
    let bench = Bench::new();
    bench.write("f.csv", format!("{HEADER}\n"));
    bench.counts("f.csv", &[], 0, 0);
    let begun = bench.read("f.csv.checkpoint");
    for text in [row("u1").trim_end(), &row("u1"), &row("u1").replace('\n', "\r\n")] {
        // Sent, and killed before that was written down.
        bench.write("f.csv.checkpoint", &begun);
        bench.write("f.csv", format!("{HEADER}\n{text}"));
        bench.counts("f.csv", &[], 1, 0);
    }
    bench.signals(1);
}

#[test]
fn rows_of_a_file_that_was_replaced_before_its_first_checkpoint_are_not_lost() {
    let bench = Bench::new();
    bench.write("f.csv", format!("{HEADER}\n"));
    bench.counts("f.csv", &[], 0, 0);
    let begun = bench.read("f.csv.checkpoint");
    for user in ["u1", "u2"] {
        // Sent, and killed before that was written down.
        bench.write("f.csv.checkpoint", &begun);
        bench.write("f.csv", format!("{HEADER}\n{}", row(user)));
        bench.counts("f.csv", &[], 1, 0);
    }
    bench.signals(2);
}
