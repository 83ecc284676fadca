//! Standard input: what a pipe brings, once.

use super::super::piped;
use super::{Bench, HEADER, csv};

const EVENT: &str = r#"{"accountId":"a","userId":"u","eventType":"call_made","timestamp":"2026-01-15""#;

#[test]
fn standard_input_is_imported_in_the_format_that_it_has() {
    let bench = Bench::new();
    let url = &bench.platform.url;
    let said = piped(url, &["import", "-"], csv(700));
    assert!(said.code == 0 && said.out.contains("700 accepted"), "{said:?}");
    // It counts again when it is imported again, and says so.
    assert!(said.err.contains("count again") && said.err.contains("--checkpoint"), "{said:?}");
    let lines = format!("{EVENT},\"eventId\":\"1\"}}\n{EVENT},\"eventId\":\"1\"}}\n");
    let said = piped(url, &["import", "-"], &lines);
    assert!(said.code == 0 && said.out.contains("2 accepted") && said.err.is_empty(), "{said:?}");
    bench.signals(701);
    for (bytes, code, word) in [
        (&b""[..], 1, "is empty"),
        (b"hello\n", 2, "--format"),
        (b"[1]\n", 1, "JSON array"),
        (b"\x1f\x8b\x08\x00", 1, "compressed with gzip"),
    ] {
        let said = piped(url, &["import", "-"], bytes);
        assert!(
            said.code == code && said.err.contains(word) && said.err.contains("standard input"),
            "{bytes:?}: {said:?}"
        );
    }
    let said = piped(url, &["import", "-", "--format", "csv"], "hello\n");
    assert!(said.code == 1 && said.err.contains("accountId"), "{said:?}");
}

#[test]
fn rejected_rows_of_standard_input_are_told_and_kept_where_a_file_is_named() {
    let bench = Bench::new();
    let url = &bench.platform.url;
    let bad: String = (0..8).map(|_| "a,,call_made,2026-01-15\n").collect();
    let rows = format!("{HEADER}\n{bad}a,u,call_made,2026-01-15\n");
    let said = piped(url, &["import", "-", "--json"], &rows);
    let told = said.err.lines().filter(|line| line.starts_with("line ")).count();
    assert!(said.code == 1 && told == 8 && said.err.contains("keep them with --rejected FILE"), "{said:?}");
    let kept = bench.path("kept.csv");
    let said = piped(url, &["import", "-", "--rejected", &kept], &rows);
    assert!(said.code == 1 && said.err.contains(&kept), "{said:?}");
    assert_eq!(bench.read("kept.csv").lines().count(), 9);
    // A row of more than is held at once comes whole from a pipe, too.
    let huge = format!(
        "{HEADER},x\na,u,call_made,2026-01-15,\"{}\n{}\"\na,u2,call_made,2026-01-15,1\n",
        "y".repeat(2 << 20),
        "z".repeat(1 << 20)
    );
    let other = piped(url, &["import", "-", "--rejected", &kept], &huge);
    assert!(other.code == 1 && other.err.contains("--force") && other.out.is_empty(), "{other:?}");
    let said = piped(url, &["import", "-", "--rejected", &kept, "--force"], &huge);
    assert!(said.code == 1 && said.out.contains("1 accepted") && said.out.contains("1 rejected"), "{said:?}");
    assert!(bench.read("kept.csv").ends_with("z\"\n") && bench.read("kept.csv").len() > 3 << 20);
}

#[test]
fn with_a_checkpoint_the_same_input_goes_on_and_counts_once() {
    let bench = Bench::new();
    let (url, checkpoint) = (&bench.platform.url, bench.path("progress"));
    let arguments = ["import", "-", "--checkpoint", &checkpoint];
    let half = piped(url, &arguments, csv(20));
    assert!(half.code == 0 && half.out.contains("20 accepted") && half.err.is_empty(), "{half:?}");
    let grown = piped(url, &arguments, csv(50));
    assert!(grown.code == 0 && grown.err.contains("continuing after row 20"), "{grown:?}");
    let already = piped(url, &arguments, csv(50));
    assert!(already.code == 0 && already.out.contains("already"), "{already:?}");
    let other = piped(url, &arguments, csv(50).replace("acc_1", "acc_x"));
    assert!(other.code == 1 && other.err.contains("--again"), "{other:?}");
    bench.signals(50);
}
