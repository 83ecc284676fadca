//! `sspp-api import-legacy`: the predecessor's table of signals into the configured store.

use clap::Args;
use sspp_core::{
    AccountId, Event, EventId, EventType, ExternalId, LegacyError, LegacySignal, LegacySignals, Metadata,
    ModelDigest, PgOpenError, Record, Score, ScoringModel, SignalType, Source, Timestamp, Units, UserId,
};
use sspp_runtime::{ConfigError, LogArgs, Secret, StopSignals, StoreArgs};

use super::TransferError;
use super::error::Resume;
use super::lines::scored;
use super::progress::Progress;
use super::runtime::run;
use super::target::{Place, Target};
use crate::config::DataArgs;

const BATCH: u32 = 500;

/// Which predecessor to import, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LegacyArgs {
    /// The predecessor's PostgreSQL: `postgres://user:password@host:port/database`. It is only read.
    #[arg(long = "from", env = "SSPP_LEGACY_URL", value_name = "SSPP_LEGACY_URL", hide_env_values = true)]
    pub url: Secret,

    /// The source of its signals. The event id is made from it and the row's id, so give two predecessors two names.
    #[arg(long, value_name = "NAME", default_value = "legacy", value_parser = source)]
    pub source: Source,

    /// The last id that an earlier run imported.
    #[arg(long, value_name = "ID", default_value_t = 0, allow_negative_numbers = true)]
    pub after: i64,

    /// The data file, without PostgreSQL.
    #[command(flatten)]
    pub data: DataArgs,

    /// PostgreSQL.
    #[command(flatten)]
    pub store: StoreArgs,

    /// What is logged.
    #[command(flatten)]
    pub logs: LogArgs,
}

fn source(text: &str) -> Result<Source, String> {
    Source::new(text).map_err(|fault| fault.to_string())
}

/// Imports the table. Every row keeps its score, signal type and times; its event id follows from the row's id, so doing it
/// again is safe. Nothing is made or written before the table was found.
pub fn run_import_legacy(args: &LegacyArgs) -> Result<(), TransferError> {
    run(&args.logs, async |stop| import_legacy(args, stop).await)
}

async fn import_legacy(args: &LegacyArgs, mut stop: StopSignals) -> Result<(), TransferError> {
    let place = Place::of_store(&args.data, &args.store)?;
    let opening = async {
        let mut legacy = LegacySignals::connect(args.url.expose()).await.map_err(unopened)?;
        let of = legacy.count_after(args.after).await.map_err(|error| unread(&error, None))?;
        Ok::<_, TransferError>((legacy, of, Target::open(place, ScoringModel::predecessor()).await?))
    };
    let (mut legacy, of, target) = tokio::select! {
        opened = opening => opened?,
        signal = stop.next() => return Err(TransferError::Interrupted { signal, resume: None }),
    };
    let mut progress = Progress::new("rows", Some(of));
    progress.resume = (args.after > 0).then(|| resume_after(args.after));
    let outcome = tokio::select! {
        outcome = import_rows(&mut legacy, &target, args, &mut progress) => outcome,
        signal = stop.next() => Err(TransferError::Interrupted { signal, resume: progress.resume.clone() }),
    };
    stop.end_at_next();
    target.close().await;
    legacy.close().await;
    progress.finish();
    outcome.and_then(|()| progress.verdict(0))
}

fn resume_after(id: i64) -> Resume {
    Resume::Argument(format!("--after {id}"))
}

fn unopened(error: PgOpenError) -> TransferError {
    match error {
        PgOpenError::Config(reason) => {
            let (flag, variable) = ("--from", "SSPP_LEGACY_URL");
            ConfigError::InvalidSecret { flag, variable, reason }.into()
        }
        error => TransferError::Legacy { reason: error.to_string(), resume: None },
    }
}

fn unread(error: &LegacyError, resume: Option<Resume>) -> TransferError {
    let advice = match error {
        LegacyError::NoTable { .. } => {
            ": check that --from (SSPP_LEGACY_URL) names the predecessor's database"
        }
        _ => "",
    };
    TransferError::Legacy { reason: format!("{error}{advice}"), resume }
}

async fn import_rows(
    legacy: &mut LegacySignals,
    target: &Target,
    args: &LegacyArgs,
    progress: &mut Progress,
) -> Result<(), TransferError> {
    let model = ScoringModel::predecessor().to_record();
    target.keep_model(&model).await.map_err(|reason| progress.stopped(reason))?;
    let mut after = args.after;
    loop {
        let rows = legacy.after(after, BATCH).await;
        let rows = rows.map_err(|error| unread(&error, progress.resume.clone()))?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(()) };
        let mut batch = Vec::with_capacity(rows.len());
        for row in rows {
            progress.done += 1;
            let id = row.id;
            match record(row, &args.source, model.digest) {
                Ok(record) => batch.push(record),
                Err(reason) => progress.reject(&format!("row {id}: {reason}")),
            }
        }
        if !batch.is_empty() {
            let answers = target.import(batch).await.map_err(|reason| progress.stopped(reason))?;
            progress.count(&answers);
        }
        after = last;
        progress.resume = Some(resume_after(after));
        progress.tick();
    }
}

/// A row as something to record.
fn record(row: LegacySignal, source: &Source, model: ModelDigest) -> Result<Record, String> {
    fn given<T>(value: Option<T>, name: &str) -> Result<T, String> {
        value.ok_or_else(|| format!("{name} is missing"))
    }
    fn wrong(name: &str) -> impl Fn(sspp_core::IdFault) -> String + '_ {
        move |fault| format!("{name} {fault}")
    }
    let account_id = AccountId::new(given(row.account_id, "account_id")?).map_err(wrong("account_id"))?;
    let external_id = ExternalId::new(format!("sales_signals:{}", row.id)).map_err(wrong("id"))?;
    let event_id = EventId::of_external(&external_id, Some(source), &account_id);
    let score: f64 = given(row.signal_score, "signal_score")?
        .parse()
        .map_err(|_| "signal_score is not a number".to_owned())?;
    let score = Units::from_f64(score).filter(|units| (0..=10_000_000).contains(&units.get()));
    let score = Score::rounded(score.ok_or("signal_score is not from 0 to 1000, or finer than 0.0001")?);
    let instant = |value, name: &str| {
        let instant: chrono::DateTime<chrono::Utc> = given(value, name)?;
        Timestamp::from_micros(instant.timestamp_micros())
            .ok_or_else(|| format!("{name} {instant} is not from 1970 to 9999"))
    };
    let timestamp = instant(row.timestamp, "timestamp")?;
    let processed_at = row.processed_at.map_or(Ok(timestamp), |at| instant(Some(at), "processed_at"))?;
    let metadata = match row.metadata.as_deref() {
        None | Some("null") => Metadata::default(),
        Some(text) => Metadata::parse(text).map_err(|fault| fault.to_string())?,
    };
    let event = Event {
        account_id,
        user_id: UserId::new(given(row.user_id, "user_id")?).map_err(wrong("user_id"))?,
        event_type: EventType::new(given(row.event_type, "event_type")?)
            .map_err(|f| format!("event_type {f}"))?,
        timestamp,
        metadata,
        source: Some(source.clone()),
        external_id: Some(external_id),
    };
    let signal_type =
        SignalType::new(given(row.signal_type, "signal_type")?).map_err(|f| format!("signal_type {f}"))?;
    // The predecessor did not keep when it was received: no later than it was processed.
    Ok(scored(event_id, processed_at, event, signal_type, score, model, processed_at))
}
