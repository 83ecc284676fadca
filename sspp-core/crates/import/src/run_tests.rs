//! An import into a target that fails whenever a script says so, until it is done.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;

use crate::{Done, Files, Format, ImportError, Options, Origin, Position, Row, Target, Wanted, import};

/// What the target does with a batch; after the script it takes everything.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Fails,
    /// It takes the batch, and the process dies before that is written down.
    Dies,
}

#[derive(Debug, Default)]
struct Scripted {
    script: VecDeque<Reply>,
    /// The user whose rows it rejects.
    refused: usize,
    /// How often each id was put in, with its text.
    taken: BTreeMap<String, (String, usize)>,
    rejected: usize,
    /// The next commit does not come about.
    dies: bool,
}

impl Target for Scripted {
    type Item = (String, String);
    type Error = ImportError;

    fn read(&mut self, row: &Row, made_id: &dyn Fn() -> String) -> Result<Self::Item, String> {
        let text = String::from_utf8(row.event.clone()?).map_err(|error| error.to_string())?;
        if text.contains("bad") { Err("it is bad".to_owned()) } else { Ok((made_id(), text)) }
    }

    async fn put(&mut self, items: Vec<Self::Item>) -> Result<Vec<Result<(), String>>, ImportError> {
        let reply = self.script.pop_front();
        self.dies = matches!(reply, Some(Reply::Dies));
        if matches!(reply, Some(Reply::Fails)) {
            return Err(ImportError::later("the target is away"));
        }
        let mut verdicts = Vec::new();
        for (id, text) in items {
            if text.contains(&format!("u{}\"", self.refused)) {
                verdicts.push(Err("rejected".to_owned()));
                continue;
            }
            let (known, count) = self.taken.entry(id).or_insert_with(|| (text.clone(), 0));
            assert_eq!(*known, text, "one id for two rows");
            *count += 1;
            verdicts.push(Ok(()));
        }
        Ok(verdicts)
    }

    fn rejected(&mut self, _: u64, _: &str) {
        self.rejected += 1;
    }

    fn progress(&mut self, _: Position) {}

    fn note(&self, _: &str) {}

    fn commit(
        &mut self,
        _: Option<Position>,
        work: impl FnOnce() -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        if std::mem::take(&mut self.dies) {
            return Err(ImportError::later("the process died"));
        }
        work()
    }
}

fn run(path: &Path, batch: usize, target: &mut Scripted) -> Result<Done, ImportError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let origin = Origin::open(path)?;
    let files = Files::of(Wanted { are_beside: true, ..Wanted::default() }, &origin, Format::Ndjson)?;
    let options = Options {
        command: "test",
        batch,
        batch_bytes: 1 << 20,
        skip_lines: 0,
        again: false,
        fills_batches: batch.is_multiple_of(2),
    };
    runtime.block_on(import(&origin, Format::Ndjson, &files, options, target))
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![Just(Reply::Fails), Just(Reply::Dies)]
}

proptest! {
    // Each case waits for the disk at each step.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often it stops, each row is in the target under one id, or in the file of rejects, and the sums are right.
    #[test]
    fn each_row_is_put_in_under_one_id_or_rejected_once(
        rows in prop::collection::vec(0_usize..6, 0..30), batch in 1_usize..8, script in prop::collection::vec(reply(), 0..8), refused in 0_usize..6,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        let mut text = String::new();
        for user in &rows {
            // Some rows are the same.
            let line = if *user == 5 { "{\"bad\":1}".to_owned() } else { format!("{{\"user\":\"u{user}\"}}") };
            writeln!(text, "{line}").unwrap();
        }
        std::fs::write(&path, text).unwrap();
        let stops = script.len();
        let mut target = Scripted { script: script.into(), refused, ..Scripted::default() };
        let mut calls = 0;
        let done = loop {
            match run(&path, batch, &mut target) {
                Ok(done) => break done,
                Err(error) => prop_assert!(calls < stops, "{}", error),
            }
            calls += 1;
        };
        let checkpoint = &done.checkpoint;
        prop_assert_eq!(checkpoint.rows, rows.len() as u64);
        prop_assert_eq!(checkpoint.rows, checkpoint.accepted + checkpoint.rejected);
        prop_assert_eq!(target.taken.len() as u64, checkpoint.accepted);
        let kept = std::fs::read_to_string(folder.path().join("events.ndjson.rejected.ndjson"));
        prop_assert_eq!(kept.unwrap_or_default().lines().count() as u64, checkpoint.rejected);
        // Done is done.
        prop_assert!(run(&path, batch, &mut target).unwrap().already);
    }
}
