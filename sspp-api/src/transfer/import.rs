//! `sspp-api import`: lines of an export into the configured store, events through its intake.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sspp_core::{Clock as _, ScoringModel, SystemClock, Timestamp};
use sspp_import::{Done, Files, Format, ImportError, Options, Origin, Position, Row, Wanted};
use sspp_runtime::{BackendArgs, LogArgs, RunError, StopSignals, load_model};

use super::TransferError;
use super::error::Resume;
use super::lines::Line;
use super::not_ndjson::not_ndjson;
use super::progress::{Progress, say};
use super::runtime::run;
use super::target::{Place, Target};
use crate::config::{DataArgs, ModelArgs};

/// Lines that are put in at once.
const BATCH: usize = 500;
/// Bytes of lines that are held at once, about.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What to import, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArgs {
    /// The NDJSON file, such as `sspp export` writes; `-` is standard input.
    pub file: PathBuf,

    /// How many lines at the beginning to skip, because they are imported already.
    #[arg(long, value_name = "LINES", default_value_t = 0)]
    pub skip_lines: u64,

    /// The file of the progress: run the same command again to continue. The imported file is recognised by its content.
    #[arg(long, value_name = "FILE", conflicts_with = "skip_lines")]
    pub checkpoint: Option<PathBuf>,

    /// Forget the checkpoint and start over.
    #[arg(long, requires = "checkpoint")]
    pub again: bool,

    /// The data file, without PostgreSQL.
    #[command(flatten)]
    pub data: DataArgs,

    /// The scoring model, which knows the event types.
    #[command(flatten)]
    pub model: ModelArgs,

    /// Redis and PostgreSQL.
    #[command(flatten)]
    pub backends: BackendArgs,

    /// What is logged.
    #[command(flatten)]
    pub logs: LogArgs,
}

/// Imports a file and says on standard error how far it is. A signal keeps its event id, score, signal type, model and times; a line without a kind is an event as
/// `POST /events` takes it. Doing it again is safe. Nothing is made or written before a
/// line was read that can be taken.
pub fn run_import(args: &ImportArgs) -> Result<(), TransferError> {
    run(&args.logs, async |stop| import(args, stop).await)
}

async fn import(args: &ImportArgs, mut stop: StopSignals) -> Result<(), TransferError> {
    let model = load_model(args.model.model.as_deref()).map_err(RunError::from)?;
    let place = Place::of(&args.data, &args.backends)?;
    let file = args.file.clone();
    let opening = tokio::task::spawn_blocking(move || Origin::open_once(&file));
    let origin = tokio::select! {
        opened = opening => opened.map_err(std::io::Error::other).map_err(RunError::from)?,
        signal = stop.next() => return Err(TransferError::Interrupted { signal, resume: None }),
    };
    let origin =
        origin.map_err(|error| TransferError::Stopped { reason: error.to_string(), resume: None })?;
    if args.skip_lines == 0
        && let Some(what) = not_ndjson(origin.beginning(), &args.file)
    {
        return Err(TransferError::Format { file: origin.name().to_owned(), what });
    }
    let wanted = Wanted { checkpoint: args.checkpoint.clone(), ..Wanted::default() };
    let files = Files::of(wanted, &origin, Format::Ndjson)?;
    let options = Options {
        command: "sspp-api import",
        batch: BATCH,
        batch_bytes: BATCH_BYTES,
        skip_lines: args.skip_lines,
        again: args.again,
        fills_batches: true,
    };
    let mut recording = Recording {
        place: Some(place),
        target: None,
        model: &model,
        by_checkpoint: args.checkpoint.is_some().then_some(if args.again {
            Resume::WithoutAgain
        } else {
            Resume::SameCommand
        }),
        progress: Progress::new("lines", None),
    };
    let done = tokio::select! {
        done = sspp_import::import(&origin, Format::Ndjson, &files, options, &mut recording) => done,
        signal = stop.next() => {
            let resume = recording.progress.resume.clone();
            Err(TransferError::Interrupted { signal, resume })
        }
    };
    stop.end_at_next();
    let Recording { target, progress, .. } = recording;
    if target.is_some() || done.is_ok() {
        progress.finish();
    }
    if let Some(target) = target {
        target.close().await;
    }
    match done? {
        Done { line, .. } if line < args.skip_lines => {
            let (file, skipped) = (origin.name().to_owned(), args.skip_lines);
            Err(TransferError::Short { file, lines: line, skipped })
        }
        Done { already: true, checkpoint, .. } => {
            say(&format!(
                "{} is already imported, {} lines: import it once more with --again",
                origin.name(),
                checkpoint.rows
            ));
            Ok(())
        }
        Done { has_rejects: true, checkpoint, .. } => {
            progress.verdict(checkpoint.rejected.saturating_sub(progress.rejected))
        }
        _ => Ok(()),
    }
}

/// Puts lines into a store, events through intake, and says how far it is.
struct Recording<'m> {
    /// Where to, until it is opened.
    place: Option<Place>,
    target: Option<Target>,
    model: &'m Arc<ScoringModel>,
    /// How to continue where a checkpoint is kept.
    by_checkpoint: Option<Resume>,
    progress: Progress,
}

impl sspp_import::Target for Recording<'_> {
    type Item = Line;
    type Error = TransferError;

    fn read(&mut self, row: &Row, _: &dyn Fn() -> String) -> Result<Line, String> {
        self.progress.done = row.line;
        self.progress.tick();
        let line = row.event.as_ref().map_err(Clone::clone)?;
        let (number, given_id) = (row.line, row.given_id.as_deref());
        let now = Timestamp::from_datetime(SystemClock.now());
        Line::read(line.trim_ascii(), number, given_id, self.model, now)
    }

    async fn open(&mut self) -> Result<(), TransferError> {
        if let Some(place) = self.place.take() {
            self.target = Some(Target::open(place, Arc::clone(self.model)).await?);
        }
        Ok(())
    }

    async fn put(&mut self, lines: Vec<Line>) -> Result<Vec<Result<(), String>>, TransferError> {
        let Some(target) = &self.target else { return Ok(Vec::new()) };
        // What is put in stays, whether or not it can be written down.
        self.progress.resume = self.progress.resume.take().or_else(|| self.by_checkpoint.clone());
        let taken = vec![Ok(()); lines.len()];
        let (mut signals, mut events) = (Vec::new(), Vec::new());
        for line in lines {
            match line {
                Line::Signal(record) => signals.push(*record),
                Line::Event(event) => events.push(event),
                // Signals come after their model.
                Line::Model(record) => {
                    target.keep_model(&record).await.map_err(|reason| self.progress.stopped(reason))?;
                }
            }
        }
        let outcomes = target.accept(events).await.map_err(|reason| self.progress.stopped(reason))?;
        self.progress.count_events(&outcomes);
        if !signals.is_empty() {
            let answers = target.import(signals).await.map_err(|reason| self.progress.stopped(reason))?;
            self.progress.count(&answers);
        }
        Ok(taken)
    }

    fn rejected(&mut self, _: u64, reason: &str) {
        self.progress.reject(reason);
    }

    fn progress(&mut self, _: Position) {}

    fn note(&self, text: &str) {
        say(text);
    }

    fn commit(
        &mut self,
        position: Option<Position>,
        work: impl FnOnce() -> Result<(), ImportError>,
    ) -> Result<(), TransferError> {
        work()?;
        if let Some(position) = position.filter(|position| position.line > 0 || position.rows > 0) {
            let skipped = || Resume::Argument(format!("--skip-lines {}", position.line));
            self.progress.resume = Some(self.by_checkpoint.clone().unwrap_or_else(skipped));
        }
        Ok(())
    }

    fn stopped(&self, error: TransferError, _: Position) -> TransferError {
        match error {
            TransferError::File(error) => self.progress.stopped(error.to_string()),
            error => error,
        }
    }
}
