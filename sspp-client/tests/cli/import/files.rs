//! Files as spreadsheets and scripts write them, and broken ones.

use super::{Bench, HEADER};

const LARGE: usize = 300_000;

#[test]
fn an_event_over_the_limit_is_rejected_and_the_rest_goes_on() {
    let bench = Bench::new();
    let row = |user: &str, blob: &str| format!("a,{user},email_sent,2026-01-15,{blob}\n");
    let (large, huge) = ("y".repeat(LARGE), "z".repeat(3 * 1024 * 1024));
    let rows = [row("u1", "ok"), row("u2", &large), row("u3", "ok"), row("u4", &huge), row("u5", "ok")];
    bench.write("big.csv", format!("{HEADER},blob\n{}", rows.concat()));
    bench.counts("big.csv", &[], 3, 2);
    let rejected = bench.read("big.csv.rejected.csv");
    assert!(rejected.contains(&rows[1]) && rejected.contains(&rows[3]), "{} bytes", rejected.len());
    assert!(
        rejected.contains("more than the 262144 allowed")
            && rejected.contains("line 5: the row is longer than 1 MiB")
    );
    bench.counts("big.csv.rejected.csv", &[], 0, 2);
    assert!(bench.read("big.csv.rejected.csv.rejected.csv").contains(&rows[3]));

    let line = |user: &str, blob: &str| {
        format!(
            "{{\"accountId\":\"a\",\"userId\":\"{user}\",\"eventType\":\"call_made\",\"timestamp\":\"2026-01-15\",\"metadata\":{{\"b\":\"{blob}\"}}}}\n"
        )
    };
    // Each fits, and all of them are more than a request may have.
    let most = "y".repeat(256 * 1024 - 300);
    let many: String = (0..20).map(|user| line(&format!("many{user}"), &most)).collect();
    // It has room for no id.
    let full = line("u6", &"y".repeat(256 * 1024 - line("u6", "").len() + 1));
    assert_eq!(full.len(), 256 * 1024 + 1);
    bench.write("big.ndjson", [many, line("u2", &large), full, line("u4", &huge), line("u5", "ok")].concat());
    bench.counts("big.ndjson", &[], 21, 3);
    assert!(bench.read("big.ndjson.rejected.ndjson").contains(&huge));
    bench.signals(24);
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_row_only() {
    let bench = Bench::new();
    let ok = |user: &str| format!("a,{user},email_sent,2026-01-15,ok\n");
    let open = "a,open,email_sent,2026-01-15,\"5 inch pipe\n";
    let (u1, u2, u3) = (ok("u1"), ok("u2"), ok("u3"));
    for (name, rows, line) in [
        ("first.csv", [open, &u1, &u2, &u3].concat(), 2),
        ("middle.csv", [&u1, &u2, open, &u3].concat(), 4),
        ("last.csv", [&u1, &u2, &u3, open].concat(), 5),
        ("end.csv", [&u1, &u2, &u3, open.trim_end()].concat(), 5),
        ("twice.csv", [open, &u1, &u2, &u3, open].concat(), 2),
    ] {
        bench.write(name, format!("{HEADER},note\n{rows}"));
        let said = bench.import(name, &["--dry-run"]);
        let rejected = rows.matches("open").count();
        assert!(
            said.code == 1 && said.out.contains(&format!("3 would be sent, {rejected} rejected")),
            "{name}: {said:?}"
        );
        assert!(
            said.err.contains(&format!("line {line}: ")) && said.err.contains("column note"),
            "{name}: {said:?}"
        );
    }
    // Quotes inside a field are text, a quote behind a closing one is a fault, and a text of many lines is one row.
    let rows = "a,u1,email_sent,2026-01-15,12\" pipe\na,u2,email_sent,2026-01-15,\"a\"b\na,u3,email_sent,2026-01-15,\"a\r\n\"\"b\"\"\"\n";
    bench.write("inside.csv", format!("{HEADER},note\n{rows}"));
    bench.counts("inside.csv", &[], 2, 1);
    let stored = bench.signals(2);
    assert!(
        stored.contains(r#""note":"12\" pipe""#) && stored.contains(r#""note":"a\r\n\"b\"""#),
        "{stored}"
    );
}

#[test]
fn a_row_over_the_limit_is_rejected_whole_and_an_open_quote_costs_its_line_however_far_it_reaches() {
    let bench = Bench::new();
    let row = |user: &str, note: &str| format!("a,{user},email_sent,2026-01-15,{note}\n");
    let lines = |count: usize| row("inside", &"y".repeat(1000)).repeat(count);
    let long = |count: usize| row("long", &format!("\"{}\"", lines(count)));
    // The second is longer than what is looked at in memory.
    let (long, longer) = (long(1500), long(4000));
    bench.write("cell.csv", format!("{HEADER},note\n{long}{}{longer}{}", row("u1", "ok"), row("u2", "ok")));
    bench.counts("cell.csv", &["--dry-run"], 2, 2);
    let rejected = bench.read("cell.csv.dry-run.csv");
    assert!(rejected.contains(&long) && rejected.contains(&longer), "{} bytes", rejected.len());
    bench.counts("cell.csv.dry-run.csv", &["--dry-run"], 0, 2);

    let (open, rows) = (row("open", "\"5 inch"), lines(3000));
    bench.write("open.csv", format!("{HEADER},note\n{open}{rows}{open}{rows}"));
    let said = bench.counts("open.csv", &["--dry-run"], 6000, 2);
    assert_eq!(said.code, 1, "{said:?}");
    let rejected = bench.read("open.csv.dry-run.csv");
    assert!(
        rejected.contains("follows the closing quote") && rejected.contains("a quote is not closed"),
        "{rejected}"
    );
}

#[test]
fn files_are_read_as_spreadsheets_write_them() {
    let bench = Bench::new();
    let row = |user: &str| format!("a,{user},email_sent,2026-01-15");
    let (one, two) = (row("u1"), row("u2"));
    let semicolons = |text: &str| text.replace(',', ";");
    for (name, text) in [
        ("bom.csv", format!("\u{feff}{HEADER}\n{one}\n{two}\n")),
        ("windows.csv", format!("{HEADER}\r\n{one}\r\n{two}\r\n\r\n\r\n")),
        ("mac.csv", format!("{HEADER}\r{one}\r{two}")),
        ("spaces.csv", format!("\n Account ID ,\"User Id\",event-type, TIMESTAMP \n{one}\n{two}")),
        ("commas.csv", format!("{HEADER},,\n{one},,\n,,,,,\n{two},,,,\n,,,,,\n ,,,,,\n")),
        ("unnamed.csv", format!("{HEADER},,,\n{one}\n{two},\n")),
        ("europe.csv", semicolons(&format!("{HEADER}\n{one}\n{two}\n"))),
        ("tabs.csv", format!("{HEADER}\n{one}\n{two}\n").replace(',', "\t")),
        ("sep.csv", semicolons(&format!("\u{feff}sep=,\r\n{HEADER}\r\n{one}\r\n{two}\r\n"))),
        (
            "bom.ndjson",
            ["u1", "u2"]
                .map(|user| format!("{{\"accountId\":\"a\",\"userId\":\"{user}\",\"eventType\":\"call_made\",\"timestamp\":\"2026-01-15\"}}\r\n"))
                .concat(),
        ),
    ] {
        let text = if name == "bom.ndjson" { format!("\u{feff}{text}\r\n\n") } else { text };
        bench.write(name, text);
        bench.counts(name, &[], 2, 0);
    }
    bench.write("value.csv", format!("{HEADER},,\n{one},,lost?\n{two},\n"));
    bench.counts("value.csv", &["--dry-run"], 1, 1);
    assert!(bench.read("value.csv.dry-run.csv").contains("column 6"));
    bench.signals(20);
}

#[test]
fn a_file_of_another_kind_says_what_to_do() {
    let bench = Bench::new();
    let text = format!("{HEADER}\na,u,email_sent,2026-01-15\n");
    let wide = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        [mark, &text.encode_utf16().flat_map(bytes).collect::<Vec<_>>()].concat()
    };
    for (name, bytes, word) in [
        ("le.csv", wide(b"\xff\xfe", u16::to_le_bytes), "UTF-8"),
        ("be.csv", wide(b"\xfe\xff", u16::to_be_bytes), "UTF-8"),
        ("bare.csv", wide(b"", u16::to_le_bytes), "UTF-8"),
        ("book.csv", b"PK\x03\x04....".to_vec(), "spreadsheet"),
        ("gzip.ndjson", b"\x1f\x8b\x08\x00".to_vec(), "gzip"),
        ("array.ndjson", b" [{}]".to_vec(), "jq -c"),
        ("colons.csv", text.replace(',', ":").into_bytes(), "semicolons"),
        ("open.csv", format!("\"{text}").into_bytes(), "quote"),
    ] {
        bench.write(name, bytes);
        let said = bench.import(name, &[]);
        assert!(said.code == 1 && said.err.contains(word), "{name}: {said:?}");
    }
    let mut latin = format!("{HEADER},note\na,u1,email_sent,2026-01-15,ok\n").into_bytes();
    latin.extend_from_slice(b"a,u2,email_sent,2026-01-15,caf\xe9\na,u3,email_sent,2026-01-15,a\0b\n");
    bench.write("latin.csv", latin);
    bench.counts("latin.csv", &[], 1, 2);
    let rejected = std::fs::read(bench.path("latin.csv.rejected.csv")).unwrap();
    assert!(rejected.windows(5).any(|bytes| bytes == b"caf\xe9\n"), "{}", String::from_utf8_lossy(&rejected));
}
