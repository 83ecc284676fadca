//! The table at the end, and the same as JSON.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::args::Plan;
use crate::direct::Round;
use crate::stats::Summary;
use crate::table::Target::{AtMost, Context, RatioAtLeast};
use crate::table::{self, Line, megabytes};
use crate::{Failure, generator, sqlite_limit};

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) over_postgres: bool,
    pub(crate) starts_ms: Vec<f64>,
    pub(crate) rounds: Vec<Round>,
}

impl Report<'_> {
    /// Whether every acknowledged event of every round became a signal or a dead letter, and could be read at once.
    pub(crate) fn holds(&self) -> bool {
        self.rounds.iter().all(|round| round.adds_up() && round.read_back.0 == round.read_back.1)
    }

    /// What the database alone is, in a word and in a sentence.
    fn limit(&self) -> (&'static str, &'static str) {
        if self.over_postgres {
            ("store alone", "the same signals through the store's port, 500 a batch, four connections")
        } else {
            ("SQLite alone", sqlite_limit::DESCRIPTION)
        }
    }

    /// The least part of a bare handler, and the highest p99 in milliseconds.
    fn goals(&self) -> (f64, f64) {
        if self.over_postgres { (0.1, 25.0) } else { (0.2, 12.0) }
    }

    fn lines(&self) -> Vec<Line> {
        let of = |value: fn(&Round) -> f64| Summary::of(self.rounds.iter().map(value));
        let rate = |measure, value: fn(&Round) -> f64, than, limit: fn(&Round) -> f64, target| {
            Line::rate(measure, &self.rounds, value, than, limit, target)
        };
        let ingest = |round: &Round| round.ingest.per_second;
        let alone = self.limit().0;
        let (part, p99) = self.goals();
        let several = if self.over_postgres { Context } else { RatioAtLeast(3.0) };
        vec![
            rate(
                "ingest, durable",
                ingest,
                "bare handler",
                |round| round.bare.per_second,
                RatioAtLeast(part),
            ),
            rate("ingest, durable", ingest, alone, |round| round.limit, Context),
            rate("ingest, durable", ingest, "predecessor", |_| 1_466.0, RatioAtLeast(20.0)),
            rate("batch over HTTP", |round| round.http_batch, "single events", ingest, several),
            rate("batch over HTTP", |round| round.http_batch, alone, |round| round.limit, Context),
            Line::plain("ingest p50", "ms", of(|r| f64::from(r.ingest.p50_us) / 1e3), Context),
            Line::plain("ingest p99", "ms", of(|r| f64::from(r.ingest.p99_us) / 1e3), AtMost(p99)),
            Line::plain("start to ready", "ms", Summary::of(self.starts_ms.iter().copied()), AtMost(150.0)),
            Line::plain("memory, idle", "MB", of(|r| megabytes(r.idle_bytes)), AtMost(20.0)),
            Line::plain("memory, after load", "MB", of(|r| megabytes(r.loaded_bytes)), AtMost(60.0)),
            Line::plain("memory, highest", "MB", of(|r| megabytes(r.highest_bytes)), AtMost(60.0)),
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
    let (name, description) = report.limit();
    writeln!(out, "{name}: {description}")?;
    writeln!(out, "bare handler: poem, answers 202 without looking at the body, same load")?;
    writeln!(out, "predecessor: recorded on another day (1,466 req/s in), for scale\n")?;
    table::print(&mut out, &report.lines())?;
    for (at, round) in report.rounds.iter().enumerate() {
        let verdict =
            if round.adds_up() { "all accounted for" } else { "ACKNOWLEDGED EVENTS LOST OR COUNTED TWICE" };
        writeln!(
            out,
            "round {}: {} acknowledged, {} refused, {} unanswered; {} signals, {} dead letters: {verdict}; {} of {} read back at once",
            at + 1,
            round.ingest.acknowledged,
            round.ingest.refused,
            round.ingest.unanswered,
            round.signals,
            round.dead_letters,
            round.read_back.0,
            round.read_back.1,
        )?;
    }
    Ok(())
}

/// Writes every figure of every round.
pub(crate) fn write_json(report: &Report<'_>, file: &Path) -> Result<(), Failure> {
    let Plan { rounds, connections, seconds, events, .. } = report.plan;
    let json = serde_json::json!({
        "mode": if report.over_postgres { "postgres" } else { "embedded" },
        "plan": { "rounds": rounds, "connections": connections, "seconds": seconds, "events": events },
        "generator": generator::DESCRIPTION,
        "limit": report.limit().1,
        "holds": report.holds(),
        "table": report.lines(),
        "starts_ms": report.starts_ms,
        "rounds": report.rounds,
    });
    let mut out = File::create(file).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    serde_json::to_writer_pretty(&mut out, &json)?;
    writeln!(out)?;
    Ok(())
}
