//! The table at the end, and the same as JSON.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::args::Plan;
use crate::embedded::Round;
use crate::stats::Summary;
use crate::table::{self, Line, Target, megabytes};
use crate::{Failure, generator, sqlite_limit};

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) starts_ms: Vec<f64>,
    pub(crate) rounds: Vec<Round>,
}

impl Report<'_> {
    /// Whether every acknowledged event of every round became a signal or a dead letter.
    pub(crate) fn lossless(&self) -> bool {
        self.rounds.iter().all(Round::adds_up)
    }

    fn lines(&self) -> Vec<Line> {
        let of = |value: fn(&Round) -> f64| Summary::of(self.rounds.iter().map(value));
        let ingest = |round: &Round| round.ingest.per_second;
        let through = |round: &Round| round.through_per_second;
        vec![
            Line::rate(
                "ingest, durable",
                &self.rounds,
                ingest,
                "SQLite alone",
                |round| round.sqlite_limit,
                Target::RatioAtLeast(0.5),
            ),
            Line::rate(
                "ingest, durable",
                &self.rounds,
                ingest,
                "bare handler",
                |round| round.bare.per_second,
                Target::Context,
            ),
            Line::rate(
                "ingest, durable",
                &self.rounds,
                ingest,
                "predecessor",
                |_| 1_466.0,
                Target::RatioAtLeast(20.0),
            ),
            Line::rate(
                "sent to signal",
                &self.rounds,
                through,
                "predecessor",
                |_| 1_274.0,
                Target::RatioAtLeast(20.0),
            ),
            Line::plain(
                "ingest p50",
                "ms",
                of(|round| f64::from(round.ingest.p50_us) / 1e3),
                Target::Context,
            ),
            Line::plain(
                "ingest p99",
                "ms",
                of(|round| f64::from(round.ingest.p99_us) / 1e3),
                Target::Context,
            ),
            Line::plain(
                "start to ready",
                "ms",
                Summary::of(self.starts_ms.iter().copied()),
                Target::AtMost(150.0),
            ),
            Line::plain("memory, idle", "MB", of(|round| megabytes(round.idle_bytes)), Target::AtMost(20.0)),
            Line::plain(
                "memory, after load",
                "MB",
                of(|round| megabytes(round.loaded_bytes)),
                Target::AtMost(60.0),
            ),
            Line::plain(
                "memory, highest",
                "MB",
                of(|round| megabytes(round.highest_bytes)),
                Target::AtMost(60.0),
            ),
        ]
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
    table::print(&mut out, &report.lines())?;
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
