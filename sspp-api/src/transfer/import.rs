//! `sspp-api import`: lines of an export into the configured store, events into its queue.

use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use sspp_core::service::load_model;
use sspp_core::{Clock as _, NewJob, Record, ScoringModel, SystemClock, SystemRandom};

use super::TransferError;
use super::lines::{LINE_BYTES, Line};
use super::progress::Progress;
use super::runtime::run;
use super::target::Target;
use crate::app::RunError;
use crate::config::Config;

/// Signals that are recorded in one transaction.
const BATCH: usize = 500;
/// Bytes of lines that are held at once, about.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What to import.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArgs {
    /// The NDJSON file, such as `/signals/export` gives; `-` is standard input.
    pub file: PathBuf,

    /// How many lines at the beginning to leave out: they were done before.
    #[arg(long, value_name = "LINES", default_value_t = 0)]
    pub skip_lines: u64,
}

/// Imports a file and says on standard error how far it is. A signal keeps its event id, score, signal type, model and times; a line without a kind is an event as
/// `POST /events` takes it, and is queued to be scored. Doing it again does no harm.
///
/// ```no_run
/// use clap::Parser as _;
/// let config = sspp_api::Config::parse_from(["sspp-api", "import", "signals.ndjson"]);
/// if let Some(sspp_api::Command::Import(args)) = &config.command {
///     sspp_api::run_import(&config, args)?;
/// }
/// # Ok::<(), sspp_api::TransferError>(())
/// ```
pub fn run_import(config: &Config, args: &ImportArgs) -> Result<(), TransferError> {
    run(config, import(config, args))
}

async fn import(config: &Config, args: &ImportArgs) -> Result<(), TransferError> {
    let model = load_model(config.model.as_deref()).map_err(RunError::from)?;
    let target = Target::open(config).await?;
    let outcome = import_into(&target, args, &model).await;
    target.close().await;
    let progress = outcome?;
    if progress.rejected > 0 { Err(TransferError::Rejected { count: progress.rejected }) } else { Ok(()) }
}

async fn import_into(
    target: &Target,
    args: &ImportArgs,
    model: &ScoringModel,
) -> Result<Progress, TransferError> {
    let failed = |line, source| TransferError::Read { file: args.file.display().to_string(), line, source };
    let mut reader = open(&args.file).map_err(|error| failed(0, error))?;
    let random = SystemRandom::new();
    let mut batch = Batch::default();
    let mut progress = Progress::new("lines", None);
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = u64::try_from(LINE_BYTES).unwrap_or(u64::MAX);
        let read = (&mut reader).take(most).read_until(b'\n', &mut line);
        let read = read.map_err(|error| failed(batch.flushed.max(args.skip_lines), error))?;
        if read == 0 {
            break;
        }
        progress.done += 1;
        let number = progress.done;
        if read == LINE_BYTES && line.last() != Some(&b'\n') {
            skip_line(&mut reader).map_err(|error| failed(batch.flushed, error))?;
            progress.reject(&format_args!("line {number}"), &"it is longer than 1 MiB");
            continue;
        }
        let text = line.trim_ascii();
        if number <= args.skip_lines || text.is_empty() {
            continue;
        }
        match Line::read(text, number, model, SystemClock.now(), &random) {
            Ok(Line::Signal(record)) => batch.signals.push(*record),
            Ok(Line::Event(job)) => batch.events.push(job),
            Ok(Line::Model(record)) => target
                .keep_model(&record)
                .await
                .map_err(|reason| stopped(reason, batch.flushed.max(args.skip_lines)))?,
            Err(reason) => progress.reject(&format_args!("line {number}"), &reason),
        }
        batch.bytes += read;
        if batch.signals.len() + batch.events.len() >= BATCH || batch.bytes >= BATCH_BYTES {
            batch.flush(target, &mut progress, args.skip_lines).await?;
        }
        progress.tell();
    }
    batch.flush(target, &mut progress, args.skip_lines).await?;
    if progress.done < args.skip_lines {
        let file = args.file.display().to_string();
        return Err(TransferError::Short { file, lines: progress.done, skipped: args.skip_lines });
    }
    progress.finish();
    Ok(progress)
}

fn stopped(reason: String, line: u64) -> TransferError {
    TransferError::Stopped { reason, resume: format!("--skip-lines {line}") }
}

/// Lines that were read and not yet stored.
#[derive(Debug, Default)]
struct Batch {
    signals: Vec<Record>,
    events: Vec<NewJob>,
    bytes: usize,
    /// Up to which line everything is stored.
    flushed: u64,
}

impl Batch {
    async fn flush(
        &mut self,
        target: &Target,
        progress: &mut Progress,
        skipped: u64,
    ) -> Result<(), TransferError> {
        let resume = self.flushed.max(skipped);
        let events = std::mem::take(&mut self.events);
        progress.queued += events.len() as u64;
        target.enqueue(events).await.map_err(|reason| stopped(reason, resume))?;
        let signals = std::mem::take(&mut self.signals);
        if !signals.is_empty() {
            let answers = target.import(signals).await.map_err(|reason| stopped(reason, resume))?;
            progress.count(&answers);
        }
        self.bytes = 0;
        self.flushed = progress.done;
        Ok(())
    }
}

/// Reading waits for nobody else: this process does nothing beside it.
fn open(file: &Path) -> std::io::Result<Box<dyn BufRead + Send>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::with_capacity(256 * 1024, std::io::stdin())));
    }
    Ok(Box::new(BufReader::with_capacity(256 * 1024, std::fs::File::open(file)?)))
}

/// Reads on to the end of a line without keeping it.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(bytes.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
