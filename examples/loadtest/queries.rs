//! Whether queries stay as fast while the store grows: the same questions at a tenth of the rows and at all of them.

use std::sync::Arc;
use std::time::Instant;

use sspp_core::{
    ContentDigest, Envelope, NewSignal, PgConfig, PgStore, Record, ScoringModel, SystemRandom, Timestamp,
    parse_event,
};
use tokio::task::JoinSet;

use crate::Failure;
use crate::http::Connection;
use crate::payload;
use crate::progress::Progress;
use crate::server::Server;
use crate::stats::{per_mille, rate};

/// Signals in one call of the store.
const BATCH: u32 = 500;
/// How often each question is asked.
const ASKED: u32 = 200;

/// Median answer times in microseconds.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Times {
    pub(crate) signals: u32,
    pub(crate) of_account: u32,
    pub(crate) stats: u32,
    pub(crate) deep_cursor: u32,
}

/// The numbered event of a round, scored.
pub(crate) fn record(
    model: &ScoringModel,
    round: u32,
    number: u32,
    now: Timestamp,
) -> Result<Record, Failure> {
    let body = payload::body(round, number);
    let event = parse_event(&body, model, now).map_err(|fault| format!("{fault:?}"))?;
    let accepted = Envelope::new(event, now.to_datetime(), &SystemRandom::new()).received(now);
    let scored = model.score(&accepted.event).map_err(|error| error.to_string())?;
    let signal = NewSignal {
        content: ContentDigest::of(&accepted.event),
        signal_type: scored.signal_type.clone(),
        score: scored.score,
        model: model.digest(),
        processed_at: now,
        accepted: accepted.into(),
    };
    Ok(Record::Signal { signal, payload: body })
}

/// Records events through the store's own batch insert over several connections; gives rows a second.
pub(crate) async fn fill(
    url: &str,
    concurrency: u16,
    round: u32,
    numbers: std::ops::Range<u32>,
) -> Result<f64, Failure> {
    let store = PgStore::open(PgConfig { connections: concurrency.into(), ..PgConfig::new(url) }).await?;
    store.migrate().await?;
    let model = ScoringModel::embedded_default();
    store.port().put_model(&model.to_record()).await?;
    let now: Timestamp = Timestamp::from_micros(1_767_225_600_000_000).ok_or("a timestamp")?;
    // Made beforehand, a stretch at a time: the clock runs over the store alone.
    let mut spent = std::time::Duration::ZERO;
    let mut rows = 0_u64;
    let mut next = numbers.start;
    while next < numbers.end {
        let end = numbers.end.min(next + BATCH * 100);
        let mut batches = Vec::new();
        for first in (next..end).step_by(BATCH as usize) {
            let last = end.min(first + BATCH);
            batches
                .push((first..last).map(|n| record(&model, round, n, now)).collect::<Result<Vec<_>, _>>()?);
        }
        rows += u64::from(end - next);
        next = end;
        let batches = Arc::new(std::sync::Mutex::new(batches));
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..concurrency {
            let (store, batches) = (store.port(), Arc::clone(&batches));
            tasks.spawn(async move {
                loop {
                    let batch = batches.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
                    let Some(batch) = batch else { return Ok::<_, sspp_core::StoreError>(()) };
                    store.record(batch).await?;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        spent += began.elapsed();
    }
    store.close().await;
    Ok(rate(rows, spent))
}

/// Asks the API's questions.
pub(crate) async fn ask(server: &Server, signals: u32, progress: &Progress) -> Result<Times, Failure> {
    progress.now(&format!("questions at {signals} signals"));
    let mut connection = Connection::open(server.address).await?;
    let deep = cursor_at(&mut connection, 500).await?;
    Ok(Times {
        signals,
        of_account: median(&mut connection, |n| {
            format!("/api/v1/signals?accountId=acc_{:05}", n * 23 % 5_000)
        })
        .await?,
        stats: median(&mut connection, |_| "/api/v1/signals/stats".to_owned()).await?,
        deep_cursor: median(&mut connection, |_| format!("/api/v1/signals?limit=50&cursor={deep}")).await?,
    })
}

async fn median(connection: &mut Connection, path: impl Fn(u32) -> String) -> Result<u32, Failure> {
    let mut times = Vec::new();
    for number in 0..ASKED {
        let path = path(number);
        let began = Instant::now();
        let (status, body) = connection.get(&path).await?;
        times.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !status.is_success() {
            return Err(format!("{path} answers {status}: {}", String::from_utf8_lossy(&body)).into());
        }
    }
    times.sort_unstable();
    Ok(per_mille(&times, 500))
}

/// Follows the list this many pages deep.
async fn cursor_at(connection: &mut Connection, pages: u32) -> Result<String, Failure> {
    let mut cursor = String::new();
    for _ in 0..pages {
        let at = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let (status, body) = connection.get(&format!("/api/v1/signals?limit=100{at}")).await?;
        let page: serde_json::Value = serde_json::from_slice(&body)?;
        let Some(next) = page.pointer("/pagination/nextCursor").and_then(serde_json::Value::as_str) else {
            return Err(format!("/signals answers {status} without a next cursor").into());
        };
        next.clone_into(&mut cursor);
    }
    Ok(cursor)
}
