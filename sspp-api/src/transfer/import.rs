//! `sspp-api import`: lines of an export into the configured store, events into its queue.

use std::path::PathBuf;

use clap::Args;
use sspp_core::{Clock as _, NewJob, Record, ScoringModel, SystemClock, SystemRandom};
use sspp_runtime::{BackendArgs, LogArgs, RunError, StopSignals, load_model};

use super::TransferError;
use super::input::{Lines, RawLine, not_ndjson};
use super::lines::Line;
use super::progress::Progress;
use super::runtime::run;
use super::target::{Place, Target};
use crate::config::{DataArgs, ModelArgs};

/// Signals that are recorded in one transaction.
const BATCH: usize = 500;
/// Bytes of lines that are held at once, about.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What to import, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArgs {
    /// The NDJSON file, such as `sspp export` writes; `-` is standard input.
    pub file: PathBuf,

    /// How many lines at the beginning to leave out: they were done before.
    #[arg(long, value_name = "LINES", default_value_t = 0)]
    pub skip_lines: u64,

    /// The data file of embedded mode.
    #[command(flatten)]
    pub data: DataArgs,

    /// The scoring model that knows the types of events.
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
/// `POST /events` takes it, and is queued to be scored. Doing it again does no harm. Nothing is made or written before a
/// line was read that can be taken.
///
/// ```no_run
/// use clap::Parser as _;
/// let line = sspp_api::CommandLine::parse_from(["sspp-api", "import", "signals.ndjson"]);
/// if let Some(sspp_api::Command::Import(args)) = &line.command {
///     sspp_api::run_import(args)?;
/// }
/// # Ok::<(), sspp_api::TransferError>(())
/// ```
pub fn run_import(args: &ImportArgs) -> Result<(), TransferError> {
    run(&args.logs, async |stop| import(args, stop).await)
}

async fn import(args: &ImportArgs, mut stop: StopSignals) -> Result<(), TransferError> {
    let model = load_model(args.model.model.as_deref()).map_err(RunError::from)?;
    let place = Place::of(&args.data, &args.backends)?;
    let unread = |source| TransferError::Read { file: shown(args), source, resume: None };
    let lines = Lines::open(&args.file).map_err(unread)?;
    let mut input = Input { args, lines, model: &model, random: SystemRandom::new() };
    let mut progress = Progress::new("lines", None);
    progress.resume = (args.skip_lines > 0).then(|| format!("--skip-lines {}", args.skip_lines));
    let opening = async {
        let Some(raw) = input.lines.first_after(args.skip_lines).await.map_err(unread)? else {
            return Ok(None);
        };
        if let Some(what) = not_ndjson(&raw, &args.file) {
            return Err(TransferError::Format { file: shown(args), what });
        }
        // Where no line can be taken nothing is made.
        let first = match input.read(&raw, &mut progress) {
            Some(line) => Some(line),
            None => input.next(&mut progress).await?,
        };
        let Some(first) = first else { return Ok(None) };
        Ok(Some((first, Target::open(place).await?)))
    };
    let opened = tokio::select! {
        opened = opening => opened?,
        signal = stop.next() => return Err(TransferError::Interrupted { signal, resume: None }),
    };
    let Some((first, target)) = opened else {
        let (file, lines, skipped) = (shown(args), input.lines.number, args.skip_lines);
        progress.finish();
        return if lines < skipped {
            Err(TransferError::Short { file, lines, skipped })
        } else {
            progress.verdict()
        };
    };
    let outcome = tokio::select! {
        outcome = put(&target, first, &mut input, &mut progress) => outcome,
        signal = stop.next() => Err(TransferError::Interrupted { signal, resume: progress.resume.clone() }),
    };
    stop.end_at_next();
    target.close().await;
    progress.finish();
    outcome.and_then(|()| progress.verdict())
}

fn shown(args: &ImportArgs) -> String {
    if args.file.as_os_str() == "-" { "standard input".to_owned() } else { args.file.display().to_string() }
}

/// What lines are read with.
struct Input<'i> {
    args: &'i ImportArgs,
    lines: Lines,
    model: &'i ScoringModel,
    random: SystemRandom,
}

impl Input<'_> {
    /// The next line that can be taken, with its length; the others are told.
    async fn next(&mut self, progress: &mut Progress) -> Result<Option<(Line, usize)>, TransferError> {
        loop {
            let raw = self.lines.next().await.map_err(|source| TransferError::Read {
                file: shown(self.args),
                source,
                resume: progress.resume.clone(),
            })?;
            progress.done = self.lines.number;
            let Some(raw) = raw else { return Ok(None) };
            if let Some(line) = self.read(&raw, progress) {
                return Ok(Some(line));
            }
        }
    }

    fn read(&self, raw: &RawLine, progress: &mut Progress) -> Option<(Line, usize)> {
        let RawLine { number, bytes, is_too_long } = raw;
        progress.done = *number;
        progress.tell();
        let line = if *is_too_long {
            Err("it is longer than 1 MiB".to_owned())
        } else {
            Line::read(bytes.trim_ascii(), *number, self.model, SystemClock.now(), &self.random)
        };
        match line {
            Ok(line) => Some((line, bytes.len())),
            Err(reason) => {
                progress.reject(&format_args!("line {number}"), &reason);
                None
            }
        }
    }
}

/// Puts in what lines say, batch by batch.
async fn put(
    target: &Target,
    first: (Line, usize),
    input: &mut Input<'_>,
    progress: &mut Progress,
) -> Result<(), TransferError> {
    let mut batch = Batch::default();
    let mut next = Some(first);
    while let Some((line, bytes)) = next {
        match line {
            Line::Signal(record) => batch.signals.push(*record),
            Line::Event(job) => batch.events.push(job),
            Line::Model(record) => {
                target.keep_model(&record).await.map_err(|reason| progress.stopped(reason))?;
            }
        }
        batch.bytes += bytes;
        if batch.signals.len() + batch.events.len() >= BATCH || batch.bytes >= BATCH_BYTES {
            flush(target, &mut batch, progress).await?;
        }
        next = input.next(progress).await?;
    }
    flush(target, &mut batch, progress).await
}

async fn flush(target: &Target, batch: &mut Batch, progress: &mut Progress) -> Result<(), TransferError> {
    let Batch { signals, events, .. } = std::mem::take(batch);
    let count = events.len() as u64;
    target.enqueue(events).await.map_err(|reason| progress.stopped(reason))?;
    progress.queued += count;
    if !signals.is_empty() {
        let answers = target.import(signals).await.map_err(|reason| progress.stopped(reason))?;
        progress.count(&answers);
    }
    progress.resume = Some(format!("--skip-lines {}", progress.done));
    Ok(())
}

/// Lines that were read and not yet stored.
#[derive(Debug, Default)]
struct Batch {
    signals: Vec<Record>,
    events: Vec<NewJob>,
    bytes: usize,
}
