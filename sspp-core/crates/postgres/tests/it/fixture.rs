//! A server, and on it a database a case, copied from one with the schema.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use sspp_core::testing::builders::model;
use sspp_core::testing::contract::StoreFixture;
use sspp_core::testing::servers::{Kind, Server, server};
use sspp_core::{PgConfig, PgStore, Store};

pub(super) struct Site {
    pub(super) server: Server,
}

impl Site {
    pub(super) async fn on(kind: Kind) -> Option<Self> {
        let site = Self { server: server(kind).await? };
        site.run("CREATE DATABASE sspp_template").await;
        let store = PgStore::open(PgConfig::new(site.url("sspp_template"))).await.unwrap();
        assert!(store.migrate().await.unwrap() > 0);
        // The one that the signals of the builders name.
        store.port().put_model(&model(0)).await.unwrap();
        store.close().await;
        Some(site)
    }

    async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.server.url).await.unwrap();
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    pub(super) fn url(&self, database: &str) -> String {
        let options: PgConnectOptions = self.server.url.parse().unwrap();
        options.database(database).to_url_lossy().to_string()
    }

    /// A new database with the schema; gives its URL.
    pub(super) async fn database(&self, name: &str) -> String {
        self.run(&format!("CREATE DATABASE {name} TEMPLATE sspp_template")).await;
        self.url(name)
    }

    pub(super) async fn store(&self, name: &str) -> Arc<PgStore> {
        PgStore::open(PgConfig::new(self.database(name).await)).await.unwrap()
    }

    pub(super) async fn fixture(&self, case: &str) -> Fixture {
        let url = self.database(case).await;
        Fixture { store: PgStore::open(patient(&url)).await.unwrap(), url }
    }
}

/// Many connections at once take a machine that has other things to do more than two seconds.
pub(super) fn patient(url: &str) -> PgConfig {
    PgConfig { acquire_timeout: Duration::from_secs(30), ..PgConfig::new(url) }
}

pub(super) struct Fixture {
    url: String,
    store: Arc<PgStore>,
}

#[async_trait]
impl StoreFixture for Fixture {
    type Store = dyn Store;

    fn store(&self) -> Arc<dyn Store> {
        self.store.port()
    }

    async fn crash(&mut self) -> bool {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")
            .execute(&mut connection)
            .await
            .unwrap();
        self.store = PgStore::open(patient(&self.url)).await.unwrap();
        true
    }
}
