//! What stands in a file arrives as it stands there.

use super::{Bench, HEADER};
use crate::{json_lines, sspp};

#[test]
fn a_cell_that_is_no_plain_number_stays_text() {
    let bench = Bench::new();
    let cells = [
        "21602730330000060100",
        "1E5",
        "47583311587E59",
        "1.10",
        "-0",
        "007",
        "+1",
        "1e400",
        "TRUE",
        "null",
        " 5 ",
        "NaN",
    ];
    let names: Vec<String> = (0..cells.len()).map(|index| format!("c{index}")).collect();
    bench.write(
        "n.csv",
        format!("{HEADER},{},n,t\na,u,call_made,2026-01-15,{},1.5,true\n", names.join(","), cells.join(",")),
    );
    bench.counts("n.csv", &[], 1, 0);
    let stored = bench.signals(1);
    for (name, cell) in names.iter().zip(cells) {
        assert!(stored.contains(&format!("\"{name}\":\"{cell}\"")), "{cell}: {stored}");
    }
    assert!(stored.contains(r#""n":1.5,"t":true"#), "{stored}");
}

#[test]
fn metadata_in_a_cell_and_on_the_command_line_is_kept_byte_for_byte() {
    let bench = Bench::new();
    let object = r#"{"order":12345678901234567890123,"release":1.10}"#;
    let cell = object.replace('"', "\"\"");
    let rows = [
        format!("a,u,call_made,2026-01-15,\"{cell}\",pro"),
        format!("a,v,call_made,2026-01-15,\"{cell}\","),
        "a,w,call_made,2026-01-15,{},free".to_owned(),
        "a,w,call_made,2026-01-15,\"{\"\"plan\"\":1}\",pro".to_owned(),
        "a,w,call_made,2026-01-15,\"{\"\"x\"\":1,\"\"x\"\":2}\",pro".to_owned(),
        "a,w,call_made,2026-01-15,\"{\"\"x\"\":1},\"\"source\"\":{}\",pro".to_owned(),
        "a,w,call_made,2026-01-15,[1],pro".to_owned(),
    ];
    bench.write("m.csv", format!("{HEADER},metadata,plan\n{}\n", rows.join("\n")));
    bench.counts("m.csv", &[], 3, 4);
    let rejected = bench.read("m.csv.rejected.csv");
    for reason in [
        "metadata/plan must appear only once",
        "metadata/x must appear only once",
        "line 7: metadata should be",
        "line 8: metadata should be",
    ] {
        assert!(rejected.contains(reason), "{reason}: {rejected}");
    }
    let emit = ["emit", "--account", "a", "--user", "v", "--type", "email_sent"];
    let with = [
        "--with",
        "order=12345678901234567890123",
        "--with",
        "release=1.10",
        "--with",
        "e=1E5",
        "--with",
        "big=1e400",
        "--with",
        "t=x",
    ];
    let said = sspp(&bench.platform.url, &[&emit[..], &with].concat());
    assert_eq!(said.code, 0, "{said:?}");
    let stored = bench.signals(4);
    let listed = sspp(&bench.platform.url, &["signals", "--json"]).out;
    for metadata in [
        r#"{"order":12345678901234567890123,"release":1.10,"plan":"pro"}"#,
        object,
        r#"{"plan":"free"}"#,
        r#"{"order":12345678901234567890123,"release":1.10,"e":1E5,"big":"1e400","t":"x"}"#,
    ] {
        let member = format!("\"metadata\":{metadata}");
        assert!(stored.contains(&member) && listed.contains(&member), "{metadata}: {stored}{listed}");
    }
}

#[test]
fn a_column_of_the_producers_own_is_never_taken_for_one_of_ours() {
    let bench = Bench::new();
    bench.write("own.csv", format!("{HEADER},Rejection\na,u,call_made,2026-01-15,too dear\n"));
    bench.counts("own.csv", &[], 1, 0);
    assert!(bench.signals(1).contains(r#""metadata":{"Rejection":"too dear"}"#));
}

#[test]
fn a_time_that_is_no_date_is_rejected_and_never_guessed() {
    let bench = Bench::new();
    let times =
        ["1700000000", "45306.5", "15/01/2026", "15.01.2026", "2026-01-15 10:00:00", "2026", "20260115"];
    let rows = times.map(|time| format!("a,u,call_made,{time}\n")).concat();
    bench.write("t.csv", format!("{HEADER}\n{rows}"));
    bench.counts("t.csv", &[], 0, times.len() as u64);
}

#[test]
fn a_line_has_the_verdict_that_the_server_gives() {
    let bench = Bench::new();
    let event = r#""accountId":"a","userId":"u","eventType":"call_made","timestamp":"2026-01-15""#;
    let lines = [
        (true, format!("{{{event},\"eventId\":null,\"source\":null}}")),
        (true, format!(" {{ {event} }} \r")),
        (false, format!("{{{event},\"metadata\":null}}")),
        (false, format!("{{{event},\"userId\":\"u\"}}")),
        (false, format!("{{{event},\"metadata\":{{\"x\":1,\"x\":2}}}}")),
        (false, format!("{{{event},\"more\":1}}")),
        (false, format!("{{\"rejection\":\"x\",{event}}}")),
        (false, format!("{{{event}}} {{}}")),
        (false, format!("[{{{event}}}]")),
        (false, format!("{{{}}}", event.replace("\"u\"", "7"))),
        (false, format!("{{{event},\"metadata\":{{\"x\":1e400}}}}")),
    ];
    let text = lines.each_ref().map(|(_, line)| format!("{line}\n")).concat();
    bench.write("l.ndjson", &text);
    for (arguments, ending) in [(&["--dry-run"][..], "dry-run"), (&[], "rejected")] {
        bench.counts("l.ndjson", arguments, 2, 9);
        let rejected = bench.read(&format!("l.ndjson.{ending}.ndjson"));
        for (good, line) in &lines {
            let own = format!("{}\n", line.strip_prefix('{').unwrap_or(line));
            assert_eq!(rejected.contains(&own), !good, "{line}: {rejected}");
        }
    }
    let body = format!("content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    let answer = crate::platform::ask(&bench.platform.url, "POST", "/api/v1/events/validate", &body);
    let verdicts = json_lines(answer.split("\r\n\r\n").nth(1).unwrap());
    let verdicts = verdicts[0]["results"].as_array().unwrap();
    for ((good, line), verdict) in lines.iter().zip(verdicts) {
        assert_eq!(
            verdict["status"] == "valid" || verdict["status"] == "accepted",
            *good,
            "{line}: {verdict}"
        );
    }
}
