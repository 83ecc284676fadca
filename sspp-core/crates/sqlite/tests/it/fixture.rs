//! A SQLite file in a folder of its own, with a clock that stands until it is moved.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use sspp_core::testing::builders::model;
use sspp_core::testing::contract::StoreFixture;
use sspp_core::{ManualClock, Models as _, SqliteConfig, SqliteOpenError, SqliteStore, Store};
use tempfile::TempDir;

pub(super) struct Fixture {
    pub(super) clock: Arc<ManualClock>,
    pub(super) config: SqliteConfig,
    store: Option<SqliteStore>,
    _folder: TempDir,
}

/// An open, empty file.
pub(super) async fn fixture() -> Fixture {
    fixture_with(|_| ()).await
}

pub(super) async fn fixture_with(change: impl FnOnce(&mut SqliteConfig)) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    // So small that the tests' few signals come into the indexes.
    let mut config = SqliteConfig { index_window: 3, ..SqliteConfig::new(folder.path().join("sspp.db")) };
    change(&mut config);
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
    let mut fixture = Fixture { clock, config, store: None, _folder: folder };
    fixture.open().await;
    fixture.file().put_model(&model(0)).await.unwrap();
    fixture
}

impl Fixture {
    pub(super) fn path(&self) -> PathBuf {
        self.config.path.clone()
    }

    pub(super) async fn open(&mut self) {
        // An abandoned connection closes in a thread of its own, and may remove the log that the next one has just made.
        for _ in 0..100 {
            let clock = Arc::<ManualClock>::clone(&self.clock);
            match SqliteStore::open(self.config.clone(), clock).await {
                Err(SqliteOpenError::Failed { reason, .. }) if reason.contains("-wal was moved") => {}
                opened => return self.store = Some(opened.unwrap()),
            }
        }
        unreachable!("the log goes again and again");
    }

    pub(super) async fn close(&mut self) {
        self.store.take().unwrap().close().await;
    }

    /// A connection of the test's own to the file.
    pub(super) async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.config.path).connect().await.unwrap()
    }

    /// The store as what it is.
    pub(super) fn file(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }
}

#[async_trait]
impl StoreFixture for Fixture {
    type Store = dyn Store;

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.file().clone())
    }

    async fn crash(&mut self) -> bool {
        self.store.take().unwrap().abandon().await;
        self.open().await;
        true
    }
}
