//! `sspp import`: every row once, whatever interrupts it.

mod again;
mod files;
mod input;
mod interrupt;
mod other_files;
mod others;
mod rejects;
mod values;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::platform::{self, Platform};
use super::{Said, command, json_lines, sspp, until};

/// A platform, and a folder for files to import into it.
struct Bench {
    platform: Platform,
    folder: tempfile::TempDir,
}

const HEADER: &str = "accountId,userId,eventType,timestamp";

impl Bench {
    fn new() -> Self {
        Self { platform: Platform::start(), folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    fn import(&self, name: &str, more: &[&str]) -> Said {
        sspp(&self.platform.url, &[&["import", &self.path(name)], more].concat())
    }

    /// Imports, and expects so many rows accepted and rejected.
    fn counts(&self, name: &str, more: &[&str], accepted: u64, rejected: u64) -> Said {
        let said = self.import(name, &[&["--json"], more].concat());
        let summary = json_lines(&said.out).pop().unwrap_or_default();
        assert_eq!(
            (&summary["accepted"], &summary["rejected"]),
            (&accepted.into(), &rejected.into()),
            "{said:?}"
        );
        said
    }

    /// Waits for so many signals, and gives them as they are exported.
    fn signals(&self, expected: usize) -> String {
        signals(&self.platform.url, expected);
        platform::get(&self.platform.url, "/api/v1/signals/export")
    }
}

fn csv(rows: usize) -> String {
    let mut text = "account_id,userId,Event Type,timestamp,link\n".to_owned();
    for row in 0..rows {
        writeln!(text, "acc_{},user_1,call_made,2026-01-15T10:00:00Z,{row}", row % 7).unwrap();
    }
    text
}

/// Waits for so many signals, and sees that no more come of it.
fn signals(url: &str, expected: usize) {
    let limit = (expected + 10).to_string();
    let count = |text: &str| text.lines().count();
    let ask = || sspp(url, &["signals", "--json", "--limit", &limit]);
    let said = until("all signals", ask, |said| count(&said.out) >= expected);
    assert_eq!(count(&said.out), expected, "{}", said.err);
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn rejected_rows_go_to_a_file_that_can_be_edited_and_imported() {
    let platform = Platform::start();
    let (url, folder) = (&platform.url, tempfile::tempdir().unwrap());
    let file = folder.path().join("events.csv");
    let rows = "acc,,call_made,2026-01-15,\nacc,u,webinar,2026-01-15,\nacc,u,call_made,soon,\nacc,u\n";
    fs::write(&file, format!("{}{rows}", csv(3))).unwrap();
    let name = file.to_str().unwrap();

    let dry = sspp(url, &["import", name, "--dry-run"]);
    assert!(dry.code == 1 && dry.out.contains("would be sent"), "{dry:?}");
    assert!(!folder.path().join("events.csv.checkpoint").exists());
    let said = sspp(url, &["import", name, "--json"]);
    assert_eq!(said.code, 1, "{said:?}");
    let summary = &json_lines(&said.out)[0];
    assert_eq!((&summary["accepted"], &summary["rejected"]), (&Value::from(3), &Value::from(4)), "{said:?}");
    let rejected = folder.path().join("events.csv.rejected.csv");
    let text = read(&rejected);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(lines[0], "rejection,importEventId,account_id,userId,Event Type,timestamp,link");
    for (line, reason) in lines[1..].iter().zip(["userId", "webinar", "timestamp", "2 fields"]) {
        assert!(line.contains(reason), "{reason}: {line}");
    }
    signals(url, 3);

    let again = sspp(url, &["import", name]);
    assert!(again.code == 0 && again.out.contains("already") && again.out.contains("--again"), "{again:?}");
    let edited = text.replace("acc,,call_made", "acc,u,call_made");
    fs::write(&rejected, edited.lines().take(2).collect::<Vec<_>>().join("\n")).unwrap();
    let said = sspp(url, &["import", rejected.to_str().unwrap()]);
    assert!(said.code == 0 && said.out.contains("1 accepted"), "{said:?}");
    signals(url, 4);
}

#[test]
fn an_import_killed_on_its_way_goes_on_and_counts_each_row_once() {
    let platform = Platform::start();
    let (url, folder) = (&platform.url, tempfile::tempdir().unwrap());
    let file = folder.path().join("events.csv");
    fs::write(&file, csv(600)).unwrap();
    let name = file.to_str().unwrap();
    let checkpoint = folder.path().join("events.csv.checkpoint");
    let rows = |text: &str| serde_json::from_str::<Value>(text).ok().and_then(|json| json["rows"].as_u64());

    let arguments = ["import", name, "--batch", "5"];
    let mut earlier: Option<String> = None;
    let mut child = command(url, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // However seldom it is looked at, there is a checkpoint and then a later one.
    loop {
        let text = read(&checkpoint);
        let now = rows(&text).unwrap_or_default();
        match &earlier {
            None if now > 0 => earlier = Some(text),
            Some(earlier) if now >= 50 && now > rows(earlier).unwrap() => break,
            _ => {}
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::yield_now();
    }
    let earlier = earlier.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let done = rows(&read(&checkpoint)).unwrap();
    assert!((50..600).contains(&done), "{done}");
    // Batches that were sent but not written down are sent again.
    assert!(rows(&earlier).unwrap() < done);
    fs::write(&checkpoint, earlier).unwrap();

    let said = sspp(url, &arguments);
    assert!(said.code == 0 && said.err.contains("continuing after row"), "{said:?}");
    signals(url, 600);
}

#[test]
fn lines_of_json_keep_their_metadata_and_their_ids() {
    let platform = Platform::start();
    let (url, folder) = (&platform.url, tempfile::tempdir().unwrap());
    let file = folder.path().join("events.ndjson");
    let event = r#""accountId":"a","userId":"u","eventType":"call_made","timestamp":"2026-01-15""#;
    let text = format!(
        "{{{event},\"eventId\":\"1\",\"metadata\":{{\"n\":1.50}}}}\n{{{event},\"eventId\":\"1\",\"metadata\":{{\"n\":1.50}}}}\nnonsense\n{{{event},\"oops\":1}}\n"
    );
    fs::write(&file, text).unwrap();
    let said = sspp(url, &["import", file.to_str().unwrap()]);
    assert!(said.code == 1 && said.out.contains("2 accepted"), "{said:?}");
    let rejected = read(&folder.path().join("events.ndjson.rejected.ndjson"));
    let rejected: Vec<_> = rejected.lines().collect();
    assert_eq!(rejected.len(), 2, "{rejected:?}");
    assert!(rejected[0].ends_with("} nonsense"), "{rejected:?}");
    let object = &json_lines(rejected[1])[0];
    assert!(object["rejection"].as_str().unwrap().contains("oops"), "{rejected:?}");
    signals(url, 1);
}

#[test]
fn a_file_that_cannot_be_imported_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let away = "http://127.0.0.1:1";
    let good = write("good.csv", &csv(2));
    for (arguments, code, word) in [
        (vec!["import", "/no/such.csv"], 1, "/no/such.csv"),
        (vec!["import", &write("events.txt", "words\n")], 2, "--format"),
        (vec!["import", &write("empty.csv", "")], 1, "is empty"),
        (vec!["import", &write("empty.ndjson", "\n\n")], 1, "is empty"),
        (vec!["import", &write("empty.txt", "\u{feff}")], 1, "is empty"),
        (vec!["import", &write("short.csv", "accountId,userId\n")], 1, "eventType, timestamp"),
        (vec!["import", &write("twice.csv", "accountId,userId,eventType,timestamp,user_id\n")], 1, "twice"),
        (vec!["import", &good, "--batch", "1001"], 2, "1000"),
        (vec!["import", &good], 3, "0 rows are done; run the same command to continue"),
        (vec!["import", &good, "--again"], 3, "0 rows are done; run it without --again to continue"),
    ] {
        let said = sspp(away, &arguments);
        assert!(said.code == code && said.err.contains(word), "{arguments:?}: {said:?}");
    }
}
