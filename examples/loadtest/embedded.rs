//! The embedded row: one process over one SQLite file, measured in rounds beside its limits.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::args::Plan;
use crate::generator::{self, Load};
use crate::progress::Progress;
use crate::report::{self, Report};
use crate::server::{self, Server};
use crate::stats::rate;
use crate::{Failure, sqlite_limit};

/// What one round measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Round {
    /// Rows a second by SQLite alone.
    pub(crate) sqlite_limit: f64,
    /// The handler that looks at nothing.
    pub(crate) bare: Load,
    /// The server.
    pub(crate) ingest: Load,
    /// Events a second from the first send until the last was settled.
    pub(crate) through_per_second: f64,
    pub(crate) signals: u64,
    pub(crate) dead_letters: u64,
    /// Still on their way when the wait for them was given up.
    pub(crate) unsettled: u64,
    pub(crate) idle_bytes: Option<u64>,
    pub(crate) loaded_bytes: Option<u64>,
    pub(crate) highest_bytes: Option<u64>,
}

impl Round {
    /// Whether acknowledged events and what became of them differ. An unanswered request may have been stored.
    pub(crate) const fn adds_up(&self) -> bool {
        let settled = self.signals + self.dead_letters;
        let acknowledged = self.ingest.acknowledged;
        settled >= acknowledged && settled <= acknowledged + self.ingest.unanswered
    }
}

/// Runs the plan, prints the table, and fails when an acknowledged event was lost.
pub(crate) async fn run(plan: &Plan) -> Result<ExitCode, Failure> {
    let binary = server::find("sspp-api", plan.server.as_deref())?;
    let beside = std::env::current_exe()?;
    let place = plan.folder.as_deref().or_else(|| beside.parent()).unwrap_or_else(|| Path::new("."));
    let folder = tempfile::Builder::new().prefix("loadtest-").tempdir_in(place)?;
    let progress = Progress::new();

    let mut starts_ms = Vec::new();
    for start in 0..plan.starts {
        progress.now(&format!("start {} of {}", start + 1, plan.starts));
        let server = Server::start(&binary, folder.path(), &format!("start-{start}")).await?;
        starts_ms.push(server.ready_after.as_secs_f64() * 1_000.0);
        server.stop().await?;
    }
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        let round = one_round(&binary, folder.path(), number, plan, &progress).await?;
        progress.done(&format!(
            "round {number} of {}: {:.0} req/s durable, SQLite alone {:.0} rows/s, bare handler {:.0} req/s",
            plan.rounds, round.ingest.per_second, round.sqlite_limit, round.bare.per_second
        ));
        rounds.push(round);
    }
    let report = Report { plan, starts_ms, rounds };
    report::print(&report)?;
    if let Some(file) = &plan.json {
        report::write_json(&report, file)?;
    }
    Ok(if report.lossless() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn one_round(
    binary: &Path,
    folder: &Path,
    number: u32,
    plan: &Plan,
    progress: &Progress,
) -> Result<Round, Failure> {
    let now = |what: &str| progress.now(&format!("round {number} of {}: {what}", plan.rounds));
    now("SQLite alone");
    let sqlite_limit = sqlite_limit::measure(folder, number, plan).await?;

    now("the bare handler");
    let bare = Server::start_bare(folder, &format!("bare-{number}")).await?;
    let bare_load = generator::load(bare.address, number, plan).await?;
    bare.stop().await?;

    now("the server");
    let server = Server::start(binary, folder, &format!("round-{number}")).await?;
    let idle = server.memory();
    let ingest = generator::load(server.address, number, plan).await?;
    now("waiting until all are signals");
    let jobs = server.drained(Duration::from_secs(plan.drain_seconds)).await?;
    let took = ingest.began.map(|began| began.elapsed()).unwrap_or_default();
    let loaded = server.memory();
    server.stop().await?;
    Ok(Round {
        sqlite_limit,
        bare: bare_load,
        through_per_second: rate(jobs.completed + jobs.failed, took),
        signals: jobs.completed,
        dead_letters: jobs.failed,
        unsettled: jobs.unsettled(),
        ingest,
        idle_bytes: idle.map(|(now, _)| now),
        loaded_bytes: loaded.map(|(now, _)| now),
        highest_bytes: loaded.map(|(_, highest)| highest),
    })
}

#[cfg(test)]
mod tests {
    use super::{Load, Round};

    fn round(acknowledged: u64, unanswered: u64, signals: u64, dead_letters: u64) -> Round {
        Round {
            sqlite_limit: 1.0,
            bare: Load::default(),
            ingest: Load { acknowledged, unanswered, ..Load::default() },
            through_per_second: 1.0,
            signals,
            dead_letters,
            unsettled: 0,
            idle_bytes: None,
            loaded_bytes: None,
            highest_bytes: None,
        }
    }

    #[test]
    fn a_lost_event_and_one_counted_twice_are_seen() {
        assert!(round(10, 0, 9, 1).adds_up());
        assert!(!round(10, 0, 9, 0).adds_up());
        assert!(!round(10, 0, 10, 1).adds_up());
        // What was sent and not answered may be in the store or not.
        assert!(round(10, 2, 12, 0).adds_up());
        assert!(!round(10, 2, 13, 0).adds_up());
    }
}
