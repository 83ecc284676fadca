//! Where a run is: its binaries, its queues on Redis and its databases, removed at the end.

use std::path::PathBuf;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::Failure;
use crate::args::ProductionPlan;
use crate::redis_limit::Redis;
use crate::server::Server;

/// Where everything of one run is.
pub(super) struct Site<'p> {
    pub(super) plan: &'p ProductionPlan,
    pub(super) api: PathBuf,
    pub(super) worker: PathBuf,
    pub(super) folder: tempfile::TempDir,
    /// What its queues and databases begin with.
    pub(super) name: String,
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

    pub(super) async fn admin(&self) -> Result<PgConnection, Failure> {
        Ok(PgConnection::connect(&self.plan.postgres)
            .await
            .map_err(|error| format!("cannot reach PostgreSQL (--postgres): {error}"))?)
    }

    /// A new database beside the one that was named; gives its URL.
    pub(super) async fn create_database(&self, name: &str) -> Result<String, Failure> {
        let create = format!("CREATE DATABASE {name}");
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut self.admin().await?).await?;
        let options: PgConnectOptions = self.plan.postgres.parse()?;
        Ok(options.database(name).to_url_lossy().to_string())
    }

    pub(super) async fn drop_database(&self, name: &str) -> Result<(), Failure> {
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut self.admin().await?).await?;
        Ok(())
    }

    pub(super) async fn clean_up(&self) -> Result<(), Failure> {
        let mut redis = Redis::connect(&self.plan.redis).await?;
        // The binaries put a prefix of their own before a queue's name.
        for prefix in ["", "sspp:"] {
            redis.remove(&format!("{prefix}{}", self.name)).await?;
        }
        let names: Vec<String> =
            sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname LIKE $1 || '%'")
                .bind(&self.name)
                .fetch_all(&mut self.admin().await?)
                .await?;
        for name in names {
            self.drop_database(&name).await?;
        }
        Ok(())
    }
}
