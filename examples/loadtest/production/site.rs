//! Where a run is: its binaries, its queues on Redis and its databases.

use std::path::PathBuf;

use crate::Failure;
use crate::args::ProductionPlan;
use crate::databases::Databases;
use crate::redis_limit::Redis;
use crate::server::Server;

/// Where everything of one run is.
pub(super) struct Site<'p> {
    pub(super) plan: &'p ProductionPlan,
    pub(super) api: PathBuf,
    pub(super) worker: PathBuf,
    pub(super) folder: tempfile::TempDir,
    pub(super) databases: Databases<'p>,
}

impl Site<'_> {
    pub(super) fn environment(&self, name: &str, url: &str) -> Vec<(&'static str, String)> {
        vec![
            ("REDIS_URL", format!("redis://{}", self.plan.redis)),
            ("DATABASE_URL", url.to_owned()),
            ("QUEUE_NAME", name.to_owned()),
            ("QUEUE_CONCURRENCY", self.plan.concurrency.to_string()),
        ]
    }

    pub(super) async fn start_api(&self, name: &str, url: &str) -> Result<Server, Failure> {
        let log = self.folder.path().join(format!("{name}-api.log"));
        Server::start_with(&self.api, &["--port", "0"], &self.environment(name, url), &log).await
    }

    pub(super) async fn start_worker(&self, name: &str, url: &str) -> Result<Server, Failure> {
        let log = self.folder.path().join(format!("{name}-worker.log"));
        Server::start_with(&self.worker, &["--port", "0"], &self.environment(name, url), &log).await
    }

    pub(super) fn migrate(&self, url: &str) -> Result<(), Failure> {
        let run =
            std::process::Command::new(&self.worker).arg("migrate").env("DATABASE_URL", url).output()?;
        if run.status.success() {
            return Ok(());
        }
        Err(format!("sspp-worker migrate: {}", String::from_utf8_lossy(&run.stderr)).into())
    }

    /// What its queues begin with.
    pub(super) fn name(&self) -> &str {
        &self.databases.prefix
    }

    pub(super) async fn clean_up(&self) -> Result<(), Failure> {
        let mut redis = Redis::connect(&self.plan.redis).await?;
        // The binaries put a prefix of their own before a queue's name.
        for prefix in ["", "sspp:"] {
            redis.remove(&format!("{prefix}{}", self.name())).await?;
        }
        self.databases.clean_up().await
    }
}
