//! The direct rows: sspp-api alone, over a SQLite file or over PostgreSQL, measured in rounds beside its limits.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::{Plan, PostgresPlan};
use crate::databases::Databases;
use crate::generator::{self, Load};
use crate::progress::Progress;
use crate::report::{self, Report};
use crate::server::{self, Server};
use crate::{Failure, batches, queries, sequence, sqlite_limit};

/// What one round measured.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Round {
    /// Rows a second by the database alone.
    pub(crate) limit: f64,
    /// The handler that looks at nothing.
    pub(crate) bare: Load,
    /// The server.
    pub(crate) ingest: Load,
    /// Events a second in requests of 100.
    pub(crate) http_batch: f64,
    /// Of the events that one client sent and then read, one after the other: how many it saw, and how many it sent.
    pub(crate) read_back: (u32, u32),
    pub(crate) signals: u64,
    pub(crate) dead_letters: u64,
    pub(crate) idle_bytes: Option<u64>,
    pub(crate) loaded_bytes: Option<u64>,
    pub(crate) highest_bytes: Option<u64>,
}

impl Round {
    /// Whether acknowledged events and what became of them differ. An unanswered request may have been stored.
    pub(crate) const fn adds_up(&self) -> bool {
        let recorded = self.signals + self.dead_letters;
        let acknowledged = self.ingest.acknowledged;
        recorded >= acknowledged && recorded <= acknowledged + self.ingest.unanswered
    }
}

/// Where a run is.
struct Site<'p> {
    plan: &'p Plan,
    api: PathBuf,
    folder: tempfile::TempDir,
    /// The databases of the run; without them it is over SQLite files.
    databases: Option<Databases<'p>>,
}

/// Measures over SQLite.
pub(crate) async fn sqlite(plan: &Plan) -> Result<ExitCode, Failure> {
    let beside = std::env::current_exe()?;
    let place = plan.folder.as_deref().or_else(|| beside.parent()).unwrap_or_else(|| Path::new("."));
    let folder = tempfile::Builder::new().prefix("loadtest-").tempdir_in(place)?;
    let api = server::find("sspp-api", plan.server.as_deref())?;
    Site { plan, api, folder, databases: None }.run().await
}

/// Measures over PostgreSQL alone.
pub(crate) async fn postgres(plan: &PostgresPlan) -> Result<ExitCode, Failure> {
    let folder = tempfile::Builder::new().prefix("loadtest-").tempdir()?;
    let api = server::find("sspp-api", plan.load.server.as_deref())?;
    let databases = Databases::of_this_run(&plan.postgres);
    let site = Site { plan: &plan.load, api, folder, databases: Some(databases.clone()) };
    let outcome = site.run().await;
    databases.clean_up().await?;
    outcome
}

impl Site<'_> {
    /// Runs the plan, prints the table, and fails when an acknowledged event was lost or not seen at once.
    async fn run(&self) -> Result<ExitCode, Failure> {
        let (plan, progress) = (self.plan, Progress::new());
        let mut starts_ms = Vec::new();
        for start in 0..plan.starts {
            progress.now(&format!("start {} of {}", start + 1, plan.starts));
            let server = self.start(&format!("start_{start}")).await?;
            starts_ms.push(server.ready_after.as_secs_f64() * 1_000.0);
            server.stop().await?;
        }
        let mut rounds = Vec::new();
        for number in 1..=plan.rounds {
            let round = self.one_round(number, &progress).await?;
            progress.done(&format!(
                "round {number} of {}: {:.0} req/s durable, {:.0} events/s in batches, bare handler {:.0} req/s",
                plan.rounds, round.ingest.per_second, round.http_batch, round.bare.per_second
            ));
            rounds.push(round);
        }
        let report = Report { plan, over_postgres: self.databases.is_some(), starts_ms, rounds };
        report::print(&report)?;
        if let Some(file) = &plan.json {
            report::write_json(&report, file)?;
        }
        Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn start(&self, name: &str) -> Result<Server, Failure> {
        let Some(databases) = &self.databases else {
            return Server::start(&self.api, self.folder.path(), name).await;
        };
        let url = databases.create(name).await?;
        let environment = [("DATABASE_URL", url), ("SSPP_MIGRATE", "true".to_owned())];
        let log = self.folder.path().join(format!("{name}.log"));
        Server::start_with(&self.api, &["--port", "0"], &environment, &log).await
    }

    /// Rows a second by the database alone.
    async fn limit(&self, round: u32) -> Result<f64, Failure> {
        let Some(databases) = &self.databases else {
            return sqlite_limit::measure(self.folder.path(), round, self.plan).await;
        };
        let name = format!("limit_{round}");
        let rows = queries::fill(&databases.create(&name).await?, 4, round, 0..100_000).await?;
        databases.drop(&name).await?;
        Ok(rows)
    }

    async fn one_round(&self, number: u32, progress: &Progress) -> Result<Round, Failure> {
        let plan = self.plan;
        let now = |what: &str| progress.now(&format!("round {number} of {}: {what}", plan.rounds));
        now("the database alone");
        let limit = self.limit(number).await?;

        now("the bare handler");
        let bare = Server::start_bare(self.folder.path(), &format!("bare-{number}")).await?;
        let bare_load = generator::load(bare.address, number, plan).await?;
        bare.stop().await?;

        now("single events");
        let server = self.start(&format!("round_{number}")).await?;
        let idle = server.memory();
        let ingest = generator::load(server.address, number, plan).await?;
        let recorded = server.jobs().await?;
        let loaded = server.memory();
        server.stop().await?;

        now("batches of 100");
        let server = self.start(&format!("batch_{number}")).await?;
        let http_batch = batches::load(server.address, number, plan).await?;
        now("sent, then read");
        let read_back = (sequence::seen_at_once(server.address, number, plan.reads).await?, plan.reads);
        server.stop().await?;
        Ok(Round {
            limit,
            bare: bare_load,
            http_batch,
            read_back,
            signals: recorded.completed,
            dead_letters: recorded.failed,
            ingest,
            idle_bytes: idle.map(|(now, _)| now),
            loaded_bytes: loaded.map(|(now, _)| now),
            highest_bytes: loaded.map(|(_, highest)| highest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Load, Round};

    fn round(acknowledged: u64, unanswered: u64, signals: u64, dead_letters: u64) -> Round {
        let ingest = Load { acknowledged, unanswered, ..Load::default() };
        Round { ingest, signals, dead_letters, ..Round::default() }
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
