//! One import, from its checkpoint to its last row.

use crate::checkpoint::Checkpoint;
use crate::error::ImportError;
use crate::extent::fingerprint;
use crate::files::Files;
use crate::format::Format;
use crate::origin::Origin;
use crate::rejects::Rejects;
use crate::rows::{Row, Rows};
use crate::target::{Position, Target};

/// How an import goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Which command imports: another one's checkpoint is refused.
    pub command: &'static str,
    /// The most rows that are put into the target at once.
    pub batch: usize,
    /// The bytes of rows that are held at once, about.
    pub batch_bytes: usize,
    /// Lines at the beginning that are left out.
    pub skip_lines: u64,
    /// Whether the checkpoint is forgotten.
    pub again: bool,
    /// Whether rows of a pipe wait until a batch is full; else they are put in when the pipe has no more for now.
    pub fills_batches: bool,
}

/// How an import ended.
#[derive(Debug)]
pub struct Done {
    /// What was done, with earlier calls.
    pub checkpoint: Checkpoint,
    /// Rows that earlier calls did.
    pub first: u64,
    /// Whether there was nothing to do.
    pub already: bool,
    /// Whether this call rejected rows.
    pub has_rejects: bool,
    /// The file that has them, if any does.
    pub rejected: Option<String>,
    /// The line of the last row that was read.
    pub line: u64,
}

/// Rows to be read, what is known of those before, and where rejected ones go.
struct Begun {
    rows: Rows,
    checkpoint: Checkpoint,
    rejects: Rejects,
    /// Whether the file has changed, and its rows keep the ids that an earlier import gave them.
    is_edited: bool,
}

impl Begun {
    fn open(origin: &Origin, format: Format, files: &Files, options: Options) -> Result<Self, ImportError> {
        let Options { command, again, .. } = options;
        let open = || -> Result<_, ImportError> {
            let rows = Rows::open(origin, format)?;
            let rejects = Rejects::new(files.rejected().map(Into::into), origin, rows.header());
            Ok((rows, rejects))
        };
        let (mut rows, mut rejects) = open()?;
        let checkpoint = match files.checkpoint() {
            Some(path) if !again => Checkpoint::load_or_begin(path, command)?,
            Some(path) => Checkpoint::begin(command, Checkpoint::rejects_of_earlier(path, command)?),
            None => Checkpoint::begin(command, None),
        };
        let Err(changed) = rows.pass(&checkpoint.file) else {
            return Ok(Self { rows, checkpoint, rejects, is_edited: false });
        };
        // Edited rejects: under the ids that they have, no row counts twice.
        let edited = Rows::open(origin, format).and_then(|mut rows| rows.all_have_ids());
        if !edited.unwrap_or(false) {
            return Err(changed);
        }
        rejects.go_on(&checkpoint.rejects)?;
        let (rows, rejects) = open()?;
        Ok(Self {
            rows,
            rejects,
            checkpoint: Checkpoint::begin(command, checkpoint.rejects_file),
            is_edited: true,
        })
    }
}

/// Does work that may wait for a disk or a pipe.
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, ImportError> + Send + 'static,
) -> Result<R, ImportError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(ImportError::new(format!("the import cannot continue: {error}"))))
}

/// Reads so many rows on a thread that may wait, and gives the rows back to be read on.
async fn next(
    mut rows: Rows,
    most: usize,
    options: Options,
    waits: bool,
) -> Result<(Rows, Vec<Row>), ImportError> {
    blocking(move || {
        let batch = rows.batch(most, options.batch_bytes, options.skip_lines, waits)?;
        Ok((rows, batch))
    })
    .await
}

/// Imports what is left of a file. It can be dropped at each point where it waits: what was committed stays, and the rest comes again.
pub async fn import<T: Target>(
    origin: &Origin,
    format: Format,
    files: &Files,
    options: Options,
    target: &mut T,
) -> Result<Done, T::Error> {
    let is_new = files.checkpoint().is_some_and(|path| options.again || !path.exists());
    let (from, places) = (origin.clone(), files.clone());
    let begun = blocking(move || Begun::open(&from, format, &places, options)).await?;
    let Begun { rows, mut checkpoint, mut rejects, is_edited } = begun;
    if is_edited {
        target.note(
            "it has changed since it was imported: its rows keep their event ids, and all of them are imported",
        );
    }
    checkpoint.file = rows.taken();
    let first = checkpoint.rows;
    // Of a file that was imported and has grown, only the new rows are reported.
    let reported = if checkpoint.done { checkpoint.rejected } else { 0 };
    // The first rows are read as they come, so that a target that cannot be opened is known before a batch is full.
    let (mut rows, mut batch) = next(rows, options.batch, options, false).await?;
    if checkpoint.done && batch.is_empty() {
        return Ok(Done {
            checkpoint,
            first,
            already: true,
            has_rejects: false,
            rejected: None,
            line: rows.line(),
        });
    }
    checkpoint.done = false;
    if !rejects.go_on(&checkpoint.rejects)? {
        checkpoint.begin_rejects();
    }
    if checkpoint.rejects.bytes == 0 {
        files.refuse_other_rejects(checkpoint.rejects_file.as_deref())?;
    }
    checkpoint.rejects_file = files.rejects_name();
    if first > 0 {
        target.note(&format!("continuing after row {first}"));
    }
    let mut position = Position { rows: first, line: options.skip_lines, bytes: rows.at() };
    // Before anything is put in: ids of rows without one are made from what it says.
    target.commit(Some(position), || files.save(&checkpoint))?;
    let mut is_open = false;
    while !batch.is_empty() {
        target.progress(Position { line: rows.line(), bytes: rows.at(), ..position });
        let (mut judged, mut items) = (Vec::new(), Vec::new());
        judge(target, batch, &checkpoint, &mut judged, &mut items);
        if !is_open && !items.is_empty() {
            target.open().await.map_err(|error| target.stopped(error, position))?;
            is_open = true;
            if options.fills_batches && judged.len() < options.batch {
                (rows, batch) = next(rows, options.batch - judged.len(), options, true).await?;
                judge(target, batch, &checkpoint, &mut judged, &mut items);
            }
        }
        let verdicts = if items.is_empty() { Ok(Vec::new()) } else { target.put(items).await };
        let verdicts = verdicts.map_err(|error| {
            if is_new && position.rows == 0 && target.is_refused(&error) {
                files.forget();
            }
            target.stopped(error, position)
        })?;
        let count = judged.len() as u64;
        let rejected = settle(judged, verdicts)?;
        for (number, judged) in (checkpoint.rejected + 1..).zip(&rejected) {
            target.rejected(number, judged.reason.as_deref().unwrap_or_default());
        }
        let reached = Position { rows: position.rows + count, line: rows.line(), bytes: rows.at() };
        let committed = target.commit(Some(reached), || {
            for Judged { row, number, reason } in &rejected {
                let id = made_id(&checkpoint.import_id, *number, row);
                rejects.add(&row.original, &id, reason.as_deref().unwrap_or_default())?;
            }
            // A checkpoint knows only rejects that are on disk.
            rejects.sync()?;
            checkpoint.add(count, rejected.len() as u64, rows.taken(), rejects.written());
            files.save(&checkpoint)
        });
        committed.map_err(|error| target.stopped(error, position))?;
        position = reached;
        let read = next(rows, options.batch, options, is_open && options.fills_batches).await;
        (rows, batch) = read.map_err(|error| target.stopped(error.into(), position))?;
    }
    checkpoint.done = true;
    let committed = target.commit(None, || files.save(&checkpoint));
    committed.map_err(|error| target.stopped(error, position))?;
    let has_rejects = checkpoint.rejected > reported;
    let rejected = rejects.path().filter(|_| has_rejects).map(|path| path.display().to_string());
    Ok(Done { checkpoint, first, already: false, has_rejects, rejected, line: rows.line() })
}

/// A row, with its event id and the reason where it is rejected.
struct Judged {
    row: Row,
    number: u64,
    reason: Option<String>,
}

/// The event id of a row that names none: the same for the same row of the same import, however often it is interrupted. Another row
/// in its place has another.
fn made_id(import: &str, number: u64, row: &Row) -> String {
    row.given_id.clone().unwrap_or_else(|| {
        let text = fingerprint(row.original.without_line_end());
        format!("import-{import}-{number}-{text}")
    })
}

/// Has rows read: each is judged, and the good ones become items.
fn judge<T: Target>(
    target: &mut T,
    rows: Vec<Row>,
    checkpoint: &Checkpoint,
    judged: &mut Vec<Judged>,
    items: &mut Vec<T::Item>,
) {
    let first = checkpoint.rows + judged.len() as u64 + 1;
    for (number, row) in (first..).zip(rows) {
        let item = target.read(&row, &|| made_id(&checkpoint.import_id, number, &row));
        let reason = item.map(|item| items.push(item)).err();
        judged.push(Judged { row, number, reason });
    }
}

/// The rows that are rejected, before they were put in or by the target.
fn settle(judged: Vec<Judged>, verdicts: Vec<Result<(), String>>) -> Result<Vec<Judged>, ImportError> {
    let mut verdicts = verdicts.into_iter();
    let mut rejected = Vec::new();
    for mut judged in judged {
        if judged.reason.is_none() {
            let verdict = verdicts.next();
            judged.reason =
                verdict.ok_or_else(|| ImportError::new("a row was left without a verdict"))?.err();
        }
        if let Some(reason) = &mut judged.reason {
            reason.insert_str(0, &format!("line {}: ", judged.row.line));
            rejected.push(judged);
        }
    }
    Ok(rejected)
}
