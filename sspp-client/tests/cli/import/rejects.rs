//! The file of rejects has the rows as they were, and can be imported again.

use std::fs;

use super::{Bench, HEADER};
use crate::sspp;

#[test]
fn rejected_lines_are_kept_byte_for_byte_however_broken() {
    let bench = Bench::new();
    let lines: [&[u8]; 6] = [
        br#"{"accountId":"","userId":"u","eventType":"email_sent","timestamp":"2026-01-15","metadata":{"order":12345678901234567890123,"release":1.10,"release":2}}"#,
        b"nonsense \"here\"",
        b"{\"accountId\":\"\xe9\"",
        b"\xff\xfe",
        b"{}",
        b"[1, 2]",
    ];
    bench.write("r.ndjson", [&lines.join(&b'\n'), &b"\n"[..]].concat());
    let mut name = "r.ndjson".to_owned();
    let mut found = Vec::new();
    // Imported again and again, nothing piles up.
    for _ in 0..3 {
        bench.counts(&name, &[], 0, 6);
        name.push_str(".rejected.ndjson");
        found.push(fs::read(bench.path(&name)).unwrap());
    }
    assert!(found[0] == found[1] && found[1] == found[2]);
    let rows: Vec<&[u8]> = found[0].split(|byte| *byte == b'\n').collect();
    for (row, line) in rows.iter().zip(lines) {
        let own = line.strip_prefix(b"{\"").unwrap_or(line);
        assert!(
            row.ends_with(own) && row.starts_with(b"{\"rejection\":\"line "),
            "{}",
            String::from_utf8_lossy(row)
        );
    }
}

#[test]
fn rejected_rows_of_csv_keep_their_quotes_and_nothing_piles_up() {
    let bench = Bench::new();
    let rows = [
        "\"a\",\"\",call_made,\"2026-01-15\",\"x \"\"y\"\"\nz\",1.10\r\n",
        "a,u,call_made,soon,,00\r\n",
        "a,u,call_made,2026-01-15,\"5 inch pipe,1\r\n",
        "a,u\r\n",
    ];
    bench.write("q.csv", format!("\u{feff}sep=,\r\n{HEADER},note,n\r\n{}", rows.concat()));
    let mut name = "q.csv".to_owned();
    for _ in 0..3 {
        bench.counts(&name, &[], 0, 4);
        name.push_str(".rejected.csv");
        let text = bench.read(&name);
        let header = format!("\u{feff}sep=,\r\nrejection,importEventId,{HEADER},note,n\r\n");
        assert!(text.starts_with(&header), "{text}");
        for row in rows {
            assert_eq!(text.matches(row).count(), 1, "{row}: {text}");
        }
        assert_eq!(text.matches("\"line ").count(), 4, "{text}");
    }
}

#[test]
fn an_edited_reject_counts_once_however_often_it_is_imported() {
    let bench = Bench::new();
    bench.write("k.csv", format!("{HEADER}\na,u1,email_sent,bad\na,u2,email_sent,2026-01-15\n"));
    bench.counts("k.csv", &[], 1, 1);
    let before = bench.read("k.csv.checkpoint");
    let more = "a,u3,email_sent,bad\na,u4,email_sent,2026-01-15\n";
    bench.write("k.csv", bench.read("k.csv") + more);
    bench.counts("k.csv", &[], 2, 2);
    let whole = bench.read("k.csv.rejected.csv");
    // Killed behind the rejects, before the checkpoint, in the middle of one more row.
    bench.write("k.csv.checkpoint", before.replace("\"done\": true", "\"done\": false"));
    bench.write("k.csv.rejected.csv", format!("{whole}\"line 9"));
    bench.counts("k.csv", &[], 2, 2);
    assert_eq!(bench.read("k.csv.rejected.csv"), whole);

    // Taken away and edited while the import is not finished, the row comes again, under the same id.
    bench.write("early.csv", whole.replace("bad", "2026-01-16"));
    bench.counts("early.csv", &[], 2, 0);
    bench.write("k.csv.checkpoint", before.replace("\"done\": true", "\"done\": false"));
    fs::remove_file(bench.path("k.csv.rejected.csv")).unwrap();
    let said = bench.counts("k.csv", &[], 2, 2);
    assert!(
        said.err.contains("2 rows were rejected in all:") && said.err.contains("has the last 1"),
        "{said:?}"
    );
    let late = bench.read("k.csv.rejected.csv");
    assert!(late.contains(",u3,") && !late.contains(",u1,"), "{late}");
    bench.write("late.csv", late.replace("bad", "2026-01-16"));
    for _ in 0..2 {
        bench.counts("late.csv", &["--again"], 1, 0);
    }
    bench.signals(4);
}

#[test]
fn a_file_of_rejects_is_edited_and_imported_until_all_of_it_is_right() {
    let bench = Bench::new();
    let line = |user: &str, time: &str| {
        format!(
            "{{\"accountId\":\"a\",\"userId\":\"{user}\",\"eventType\":\"call_made\",\"timestamp\":\"{time}\"}}\n"
        )
    };
    bench.write("s.csv", format!("{HEADER}\na,u1,email_sent,bad\na,u2,email_sent,worse\n"));
    bench.write("s.ndjson", [line("u1", "bad"), line("u2", "worse")].concat());
    for (name, rejects) in [("s.csv", "s.csv.rejected.csv"), ("s.ndjson", "s.ndjson.rejected.ndjson")] {
        bench.counts(name, &[], 0, 2);
        for (wrong, accepted) in [("bad", 1), ("worse", 2)] {
            let text = bench.read(rejects);
            // The reasons say it too.
            let edited =
                [(format!(",{wrong}\n"), ",2026-01-15\n"), (format!(":\"{wrong}\""), ":\"2026-01-15\"")];
            let edited = edited.iter().fold(text, |text, (from, to)| text.replace(from, to));
            bench.write(rejects, edited);
            bench.counts(rejects, &[], accepted, 2 - accepted);
        }
        // A row that has no id of an import might count again.
        let own = bench.read(name).lines().last().unwrap().replace("worse", "2026-01-15");
        let own = if name == "s.csv" { format!(",,{own}") } else { own };
        bench.write(rejects, bench.read(rejects).replacen("2026-01-15", "2026-01-16", 1) + &own);
        let said = bench.import(rejects, &[]);
        assert!(said.code == 1 && said.err.contains("--again"), "{said:?}");
    }
    bench.signals(4);
}

#[test]
fn a_file_of_rejects_that_was_edited_is_never_cut_or_overwritten_by_going_on() {
    let bench = Bench::new();
    bench.write("e.csv", format!("{HEADER}\na,u1,email_sent,bad\n"));
    bench.counts("e.csv", &[], 0, 1);
    let edited = bench.read("e.csv.rejected.csv").replace("bad", "2026-01-15");
    bench.write("e.csv.rejected.csv", &edited);
    bench.write("e.csv", bench.read("e.csv") + "a,u2,email_sent,bad\n");
    let said = bench.import("e.csv", &[]);
    assert!(said.code == 1 && said.err.contains("move it, or choose"), "{said:?}");
    assert_eq!(bench.read("e.csv.rejected.csv"), edited);
    // Neither does trying.
    bench.counts("e.csv", &["--dry-run"], 0, 2);
    assert_eq!(bench.read("e.csv.rejected.csv"), edited);
    let other = bench.path("other.csv");
    bench.counts("e.csv", &["--rejected", &other], 0, 2);
    assert!(bench.read("other.csv").contains(",u2,"));
    for arguments in [["--rejected", &bench.path("e.csv")], ["--checkpoint", &bench.path("e.csv")]] {
        let said = sspp(&bench.platform.url, &[&["import", &bench.path("e.csv")], &arguments[..]].concat());
        assert!(said.code == 2 && said.err.contains("same file"), "{said:?}");
    }
}
