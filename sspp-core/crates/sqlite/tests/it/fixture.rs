//! A SQLite file in a folder of its own, with a clock that stands until it is moved.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use sspp_core::testing::builders::model;
use sspp_core::testing::contract::{QueueFixture, StoreFixture};
use sspp_core::{EventQueue, ManualClock, SqliteConfig, SqliteDatabase, Store};
use tempfile::TempDir;

pub(super) struct Fixture {
    pub(super) clock: Arc<ManualClock>,
    pub(super) config: SqliteConfig,
    database: Option<SqliteDatabase>,
    _folder: TempDir,
}

/// An open, empty file that takes 2,000 jobs and has a claim bound of a minute.
pub(super) async fn fixture() -> Fixture {
    fixture_with(|_| ()).await
}

pub(super) async fn fixture_with(change: impl FnOnce(&mut SqliteConfig)) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let mut config = SqliteConfig { max_backlog: 2_000, ..SqliteConfig::new(folder.path().join("sspp.db")) };
    change(&mut config);
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
    let mut fixture = Fixture { clock, config, database: None, _folder: folder };
    fixture.open().await;
    StoreFixture::store(&fixture).put_model(&model(0)).await.unwrap();
    fixture
}

impl Fixture {
    pub(super) fn path(&self) -> PathBuf {
        self.config.path.clone()
    }

    pub(super) async fn open(&mut self) {
        let clock = Arc::<ManualClock>::clone(&self.clock);
        self.database = Some(SqliteDatabase::open(self.config.clone(), clock).await.unwrap());
    }

    pub(super) async fn close(&mut self) {
        self.database.take().unwrap().close().await;
    }

    /// A connection of the test's own to the closed file.
    pub(super) async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.config.path).connect().await.unwrap()
    }

    fn database(&self) -> &SqliteDatabase {
        self.database.as_ref().unwrap()
    }
}

#[async_trait]
impl QueueFixture for Fixture {
    fn queue(&self) -> Arc<dyn EventQueue> {
        self.database().queue()
    }

    fn claim_bound(&self) -> Duration {
        self.config.claim_bound
    }

    fn max_backlog(&self) -> u64 {
        self.config.max_backlog
    }

    async fn pass(&mut self, time: Duration) {
        self.clock.advance(TimeDelta::from_std(time).unwrap());
    }

    async fn crash(&mut self) -> bool {
        self.database.take().unwrap().abandon().await;
        self.open().await;
        true
    }
}

#[async_trait]
impl StoreFixture for Fixture {
    type Store = dyn Store;

    fn store(&self) -> Arc<dyn Store> {
        self.database().store()
    }

    async fn crash(&mut self) -> bool {
        QueueFixture::crash(self).await
    }
}
