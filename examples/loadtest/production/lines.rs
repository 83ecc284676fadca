//! The lines of the table.

use super::Round;
use super::soak::Soak;
use crate::queries::Times;
use crate::stats::Summary;
use crate::table::Target::{AtMost, Context, RatioAtLeast};
use crate::table::{Line, megabytes};

pub(super) fn lines(rounds: &[Round], times: Option<&[Times; 2]>, soak: Option<&Soak>) -> Vec<Line> {
    let of = |value: fn(&Round) -> f64| Summary::of(rounds.iter().map(value));
    let ingest = |round: &Round| round.ingest.per_second;
    let mut lines = vec![
        Line::rate(
            "ingest, single",
            rounds,
            ingest,
            "bare handler",
            |r| r.bare.per_second,
            RatioAtLeast(0.6),
        ),
        Line::rate("ingest, single", rounds, ingest, "predecessor", |_| 1_466.0, RatioAtLeast(20.0)),
        Line::rate("queue, batches", rounds, |r| r.batch, "Redis alone", |r| r.xadd, RatioAtLeast(0.5)),
        Line::rate("batch over HTTP", rounds, |r| r.http_batch, "Redis alone", |r| r.xadd, RatioAtLeast(0.5)),
        Line::rate("drain", rounds, |r| r.drain, "store alone", |r| r.store, RatioAtLeast(0.8)),
        Line::rate("drain", rounds, |r| r.drain, "predecessor", |_| 1_274.0, RatioAtLeast(20.0)),
        Line::plain("visible p50", "ms", of(|r| f64::from(r.latency.p50_us) / 1e3), AtMost(5.0)),
        Line::plain("visible p99", "ms", of(|r| f64::from(r.latency.p99_us) / 1e3), AtMost(15.0)),
        Line::plain("PING + commit", "ms", of(|r| f64::from(r.latency.floor_us) / 1e3), Context),
        Line::plain("API start", "ms", of(|r| r.api_start_ms), AtMost(150.0)),
        Line::plain("worker start", "ms", of(|r| r.worker_start_ms), AtMost(150.0)),
        Line::plain("API memory, idle", "MB", of(|r| megabytes(r.api_idle)), AtMost(20.0)),
        Line::plain("API memory, most", "MB", of(|r| megabytes(r.api_loaded)), AtMost(60.0)),
        Line::plain("worker memory, idle", "MB", of(|r| megabytes(r.worker_idle)), AtMost(20.0)),
        Line::plain("worker memory, most", "MB", of(|r| megabytes(r.worker_loaded)), AtMost(60.0)),
    ];
    if let Some([few, many]) = times {
        let growth = |few: u32, many: u32| Summary::of([f64::from(many) / f64::from(few)]);
        let target = AtMost(1.2);
        lines.push(Line::plain("accountId, x10 rows", "x", growth(few.of_account, many.of_account), target));
        lines.push(Line::plain("stats, x10 rows", "x", growth(few.stats, many.stats), target));
        lines.push(Line::plain("cursor, x10 rows", "x", growth(few.deep_cursor, many.deep_cursor), target));
    }
    if let Some(soak) = soak {
        #[expect(clippy::cast_precision_loss, reason = "memory stays far below 2^53 bytes")]
        let grown = |[first, last]: [u64; 2]| Summary::of([last as f64 / first as f64]);
        for (measure, memory) in
            [("soak, API", soak.api), ("soak, worker", soak.worker), ("soak, Redis", soak.redis)]
        {
            lines.push(Line::plain(measure, "x", grown(memory), AtMost(1.1)));
        }
    }
    lines
}
