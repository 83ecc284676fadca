//! The servers of a row, each behind its proxy.

use std::path::PathBuf;
use std::process::Command;

use sspp_core::testing::did_not_run;
use sspp_core::testing::servers::{Kind, Server, server};
use tempfile::TempDir;

use super::disk::Disk;
use super::stage::Shape;
use crate::platform::docker;
use crate::proxy::Proxy;

/// A server behind its proxy.
pub(super) struct Node {
    pub(super) server: Server,
    pub(super) proxy: Proxy,
}

fn address(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.rsplit('@').next().unwrap();
    rest.split('/').next().unwrap().to_owned()
}

impl Node {
    async fn start(kind: Kind) -> Option<Self> {
        let server = server(kind).await?;
        if !server.is_container() {
            did_not_run("servers given by URL cannot be killed; unset SSPP_TEST_*_URL");
            return None;
        }
        let proxy = Proxy::before(address(&server.url)).await;
        Some(Self { server, proxy })
    }

    /// `pause`, `unpause` and the like.
    pub(super) fn docker(&self, command: &str) {
        docker(&[command, self.server.container_id()]);
    }

    /// Runs a command in the container.
    pub(super) fn exec(&self, words: &[&str]) {
        docker(&[&["exec", self.server.container_id()], words].concat());
    }

    /// What a command in the container prints; empty while the server is away.
    pub(super) fn asked(&self, words: &[&str]) -> Vec<u8> {
        let words = [&["exec", self.server.container_id()], words].concat();
        Command::new("docker").args(words).output().unwrap().stdout
    }

    pub(super) fn kill(&self) {
        docker(&["kill", "--signal", "KILL", self.server.container_id()]);
        self.proxy.cut();
    }

    /// Starts a server that was killed; its port may be another.
    pub(super) async fn start_again(&self) {
        self.docker("start");
        self.proxy.lead_to(address(&self.server.url_now().await));
    }

    pub(super) async fn kill_and_start(&self) {
        self.kill();
        self.start_again().await;
    }
}

/// What a platform keeps its events in.
pub(super) struct Servers {
    redis: Option<Node>,
    postgres: Option<Node>,
    folder: TempDir,
    pub(super) disk: Option<Disk>,
}

/// How many bytes the small disk holds.
const SMALL: u32 = 16 * 1024 * 1024;

impl Servers {
    /// Servers for any of these shapes. `None`: they cannot be had, which has been said.
    pub(super) async fn start(shapes: &[Shape]) -> Option<Self> {
        let with_redis = shapes.contains(&Shape::Queued);
        let with_postgres = with_redis || shapes.contains(&Shape::Postgres);
        let node = async |wanted: bool, kind| {
            if wanted { Node::start(kind).await.map(Some) } else { Some(None) }
        };
        let (redis, postgres) =
            tokio::join!(node(with_redis, Kind::Redis7), node(with_postgres, Kind::Postgres17));
        let folder = tempfile::tempdir().unwrap();
        let disk =
            if shapes.contains(&Shape::SmallDisk) { Some(Disk::mount(folder.path(), SMALL)?) } else { None };
        Some(Self { redis: redis?, postgres: postgres?, folder, disk })
    }

    pub(super) fn redis(&self) -> &Node {
        self.redis.as_ref().unwrap()
    }

    pub(super) fn postgres(&self) -> &Node {
        self.postgres.as_ref().unwrap()
    }

    pub(super) fn has_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    pub(super) fn redis_config(&self, name: &str, value: &str) {
        self.redis().exec(&["redis-cli", "config", "set", name, value]);
    }

    pub(super) fn redis_url(&self) -> String {
        format!("redis://{}", self.redis().proxy.address)
    }

    pub(super) fn postgres_url(&self) -> String {
        format!("postgres://postgres:postgres@{}/postgres", self.postgres().proxy.address)
    }

    /// The data file of SQLite, as the API names it.
    pub(super) fn file(&self) -> String {
        self.folder.path().join("sspp.db").display().to_string()
    }

    /// The data file of SQLite, as a test names it.
    pub(super) fn file_from_outside(&self) -> PathBuf {
        self.disk
            .as_ref()
            .map_or_else(|| self.folder.path().to_owned(), Disk::seen_from_outside)
            .join("sspp.db")
    }
}
