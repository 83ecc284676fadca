//! The table at the end, and the same as JSON.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::args::Plan;
use crate::embedded::Round;
use crate::stats::Summary;
use crate::{Failure, generator, sqlite_limit};

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) starts_ms: Vec<f64>,
    pub(crate) rounds: Vec<Round>,
}

/// One line of the table.
#[derive(Debug, serde::Serialize)]
struct Line {
    measure: &'static str,
    unit: &'static str,
    value: Summary,
    /// What it is judged by, in words, and its median.
    limit: Option<(&'static str, f64)>,
    /// Value by limit, within each round.
    ratio: Option<Summary>,
    target: Target,
}

#[derive(Debug, Clone, Copy, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    RatioAtLeast(f64),
    AtMost(f64),
    Context,
}

impl Report<'_> {
    /// Whether every acknowledged event of every round became a signal or a dead letter.
    pub(crate) fn lossless(&self) -> bool {
        self.rounds.iter().all(Round::adds_up)
    }

    fn lines(&self) -> Vec<Line> {
        let of = |value: fn(&Round) -> f64| Summary::of(self.rounds.iter().map(value));
        let rate = |measure, value: fn(&Round) -> f64, name, limit: fn(&Round) -> f64, target| Line {
            measure,
            unit: "/s",
            value: of(value),
            limit: Some((name, of(limit).median)),
            ratio: Some(Summary::of(self.rounds.iter().map(|round| value(round) / limit(round)))),
            target,
        };
        let plain =
            |measure, unit, value, target| Line { measure, unit, value, limit: None, ratio: None, target };
        let ingest = |round: &Round| round.ingest.per_second;
        let through = |round: &Round| round.through_per_second;
        vec![
            rate(
                "ingest, durable",
                ingest,
                "SQLite alone",
                |round| round.sqlite_limit,
                Target::RatioAtLeast(0.5),
            ),
            rate("ingest, durable", ingest, "bare handler", |round| round.bare.per_second, Target::Context),
            rate("ingest, durable", ingest, "predecessor", |_| 1_466.0, Target::RatioAtLeast(20.0)),
            rate("sent to signal", through, "predecessor", |_| 1_274.0, Target::RatioAtLeast(20.0)),
            plain("ingest p50", "ms", of(|round| f64::from(round.ingest.p50_us) / 1e3), Target::Context),
            plain("ingest p99", "ms", of(|round| f64::from(round.ingest.p99_us) / 1e3), Target::Context),
            plain("start to ready", "ms", Summary::of(self.starts_ms.iter().copied()), Target::AtMost(150.0)),
            plain("memory, idle", "MB", of(|round| megabytes(round.idle_bytes)), Target::AtMost(20.0)),
            plain(
                "memory, after load",
                "MB",
                of(|round| megabytes(round.loaded_bytes)),
                Target::AtMost(60.0),
            ),
            plain("memory, highest", "MB", of(|round| megabytes(round.highest_bytes)), Target::AtMost(60.0)),
        ]
    }
}

impl Line {
    fn met(&self) -> Option<bool> {
        match self.target {
            Target::RatioAtLeast(least) => self.ratio.map(|ratio| ratio.median >= least),
            Target::AtMost(most) => Some(self.value.median <= most),
            Target::Context => None,
        }
    }
}

/// Not a number where the system does not tell.
#[expect(clippy::cast_precision_loss, reason = "memory stays far below 2^53 bytes")]
fn megabytes(bytes: Option<u64>) -> f64 {
    bytes.map_or(f64::NAN, |bytes| bytes as f64 / 1e6)
}

fn number(value: f64) -> String {
    match value {
        absent if absent.is_nan() => "-".to_owned(),
        large if large >= 1_000.0 => format!("{large:.0}"),
        small => format!("{small:.2}"),
    }
}

/// Prints the table, then what every round's acknowledged events became.
pub(crate) fn print(report: &Report<'_>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let Plan { rounds, connections, seconds, events, .. } = report.plan;
    writeln!(
        out,
        "\nrounds: {rounds}, connections: {connections}, at most {seconds} s and {events} events a measurement"
    )?;
    if cfg!(debug_assertions) {
        writeln!(out, "THIS IS A DEBUG BUILD: run it with --release, or its figures mean nothing")?;
    }
    writeln!(out, "load generator: {}", generator::DESCRIPTION)?;
    writeln!(out, "SQLite alone: {}", sqlite_limit::DESCRIPTION)?;
    writeln!(out, "bare handler: poem, answers 202 without looking at the body, same load")?;
    writeln!(
        out,
        "predecessor: recorded on another day (1,466 req/s in, 1,274 events/s through), for scale\n"
    )?;
    writeln!(
        out,
        "{:<20}{:>10} {:<5}{:>22}{:>8}  {:<12}{:<8}spread",
        "measure", "value", "", "limit", "ratio", "target", ""
    )?;
    for line in report.lines() {
        let limit = line.limit.map_or_else(String::new, |(name, limit)| format!("{name} {}", number(limit)));
        let ratio = line.ratio.map_or_else(String::new, |ratio| number(ratio.median));
        let target = match line.target {
            Target::RatioAtLeast(least) => format!(">= {least}"),
            Target::AtMost(most) => format!("<= {most}"),
            Target::Context => String::new(),
        };
        let met = line.met().map_or("", |met| if met { "met" } else { "MISSED" });
        let spread = line.ratio.unwrap_or(line.value);
        writeln!(
            out,
            "{:<20}{:>10} {:<5}{limit:>22}{ratio:>8}  {target:<12}{met:<8}{} to {}",
            line.measure,
            number(line.value.median),
            line.unit,
            number(spread.least),
            number(spread.most),
        )?;
    }
    writeln!(out)?;
    for (at, round) in report.rounds.iter().enumerate() {
        let verdict =
            if round.adds_up() { "all accounted for" } else { "ACKNOWLEDGED EVENTS LOST OR COUNTED TWICE" };
        writeln!(
            out,
            "round {}: {} acknowledged, {} refused, {} unanswered; {} signals, {} dead letters, {} unsettled: {verdict}",
            at + 1,
            round.ingest.acknowledged,
            round.ingest.refused,
            round.ingest.unanswered,
            round.signals,
            round.dead_letters,
            round.unsettled,
        )?;
    }
    Ok(())
}

/// Writes every figure of every round.
pub(crate) fn write_json(report: &Report<'_>, file: &Path) -> Result<(), Failure> {
    let Plan { rounds, connections, seconds, events, .. } = report.plan;
    let json = serde_json::json!({
        "mode": "embedded",
        "plan": { "rounds": rounds, "connections": connections, "seconds": seconds, "events": events },
        "generator": generator::DESCRIPTION,
        "sqlite_alone": sqlite_limit::DESCRIPTION,
        "lossless": report.lossless(),
        "table": report.lines(),
        "starts_ms": report.starts_ms,
        "rounds": report.rounds,
    });
    let mut out = File::create(file).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    serde_json::to_writer_pretty(&mut out, &json)?;
    writeln!(out)?;
    Ok(())
}
