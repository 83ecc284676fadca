//! `sspp-api import`: lines of an export into the configured store, events into its queue.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sspp_core::{Clock as _, EventQueue, NewJob, Record, ScoringModel, SystemClock, SystemRandom};
use sspp_runtime::{BackendArgs, LogArgs, StopSignals, load_model};

use super::TransferError;
use super::input::{Lines, RawLine, not_ndjson};
use super::lines::Line;
use super::progress::Progress;
use super::runtime::run;
use super::target::{Target, enqueue};
use crate::app::RunError;
use crate::config::{DataArgs, ModelArgs};

/// Signals that are recorded in one transaction.
const BATCH: usize = 500;
/// Bytes of lines that are held at once, about.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What to import, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArgs {
    /// The NDJSON file, such as `/signals/export` gives; `-` is standard input.
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
/// `POST /events` takes it, and is queued to be scored. Doing it again does no harm. Nothing is made or written before the first
/// line was read and looks like one.
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
    let unread = |source| TransferError::Read { file: shown(args), source, resume: None };
    let mut lines = Lines::open(&args.file).map_err(unread)?;
    let mut progress = Progress::new("lines", None);
    progress.resume = (args.skip_lines > 0).then(|| format!("--skip-lines {}", args.skip_lines));
    let opening = async {
        let Some(first) = lines.first_after(args.skip_lines).await.map_err(unread)? else { return Ok(None) };
        if let Some(what) = not_ndjson(&first, &args.file) {
            return Err(TransferError::Format { file: shown(args), what });
        }
        let (target, queue) = Target::open(&args.data, &args.backends).await?;
        Ok(Some((first, target, queue)))
    };
    let opened = tokio::select! {
        opened = opening => opened?,
        signal = stop.next() => return Err(TransferError::Interrupted { signal, resume: None }),
    };
    let Some((first, target, queue)) = opened else {
        let (file, lines, skipped) = (shown(args), lines.number, args.skip_lines);
        progress.finish();
        return if lines < skipped { Err(TransferError::Short { file, lines, skipped }) } else { Ok(()) };
    };
    let import = Import { target: &target, queue, model: &model };
    let outcome = tokio::select! {
        outcome = import.run(args, first, lines, &mut progress) => outcome,
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

/// What lines are read with, and where they go.
struct Import<'i> {
    target: &'i Target,
    queue: Arc<dyn EventQueue>,
    model: &'i ScoringModel,
}

impl Import<'_> {
    async fn run(
        &self,
        args: &ImportArgs,
        first: RawLine,
        mut lines: Lines,
        progress: &mut Progress,
    ) -> Result<(), TransferError> {
        let random = SystemRandom::new();
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(RawLine { number, bytes, is_too_long }) = next {
            progress.done = number;
            let line = if is_too_long {
                Err("it is longer than 1 MiB".to_owned())
            } else {
                Line::read(bytes.trim_ascii(), number, self.model, SystemClock.now(), &random)
            };
            match line {
                Ok(Line::Signal(record)) => batch.signals.push(*record),
                Ok(Line::Event(job)) => batch.events.push(job),
                Ok(Line::Model(record)) => {
                    self.target.keep_model(&record).await.map_err(|reason| progress.stopped(reason))?;
                }
                Err(reason) => progress.reject(&format_args!("line {number}"), &reason),
            }
            batch.bytes += bytes.len();
            if batch.signals.len() + batch.events.len() >= BATCH || batch.bytes >= BATCH_BYTES {
                self.flush(&mut batch, progress).await?;
            }
            progress.tell();
            next = lines.next().await.map_err(|source| TransferError::Read {
                file: shown(args),
                source,
                resume: progress.resume.clone(),
            })?;
        }
        progress.done = lines.number;
        self.flush(&mut batch, progress).await
    }

    async fn flush(&self, batch: &mut Batch, progress: &mut Progress) -> Result<(), TransferError> {
        let Batch { signals, events, .. } = std::mem::take(batch);
        let count = events.len() as u64;
        enqueue(&*self.queue, events).await.map_err(|reason| progress.stopped(reason))?;
        progress.queued += count;
        if !signals.is_empty() {
            let answers = self.target.import(signals).await.map_err(|reason| progress.stopped(reason))?;
            progress.count(&answers);
        }
        progress.resume = Some(format!("--skip-lines {}", progress.done));
        Ok(())
    }
}

/// Lines that were read and not yet stored.
#[derive(Debug, Default)]
struct Batch {
    signals: Vec<Record>,
    events: Vec<NewJob>,
    bytes: usize,
}
