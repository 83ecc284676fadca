//! Faults: real processes over real servers, under load, with a ledger of what was acknowledged. Something is killed,
//! stopped, cut or frozen; it heals, the queue drains, and the ledger is reconciled with PostgreSQL. Lost, twice and the
//! drift of the figures must be 0, and no innocent event may become a dead letter.
//!
//! | variable | what |
//! |---|---|
//! | `SSPP_TEST_SEED` | repeats what was drawn; every row prints its seed |
//! | `SSPP_FAULT_TABLE` | a file that each row adds its line of the table to |

mod events;
mod ledger;
mod long;
mod processes;
mod queue;
mod readiness;
mod stage;
mod store;

use std::time::Duration;

use sspp_core::testing::servers::{Kind, Server, server};

use crate::platform::docker;
use crate::proxy::Proxy;
use stage::row;

/// How long a delivery may be held without a sign of life.
const CLAIM_BOUND: Duration = Duration::from_secs(2);

/// Real time must pass: a claim bound, an outage.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// The servers behind their proxies.
struct Servers {
    redis: Server,
    postgres: Server,
    to_redis: Proxy,
    to_postgres: Proxy,
}

fn address(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.rsplit('@').next().unwrap();
    rest.split('/').next().unwrap().to_owned()
}

impl Servers {
    async fn start() -> Option<Self> {
        let (redis, postgres) = tokio::join!(server(Kind::Redis7), server(Kind::Postgres17));
        let (redis, postgres) = (redis?, postgres?);
        if !redis.is_container() || !postgres.is_container() {
            eprintln!("!!! DID NOT RUN: servers given by URL cannot be killed; unset SSPP_TEST_*_URL");
            return None;
        }
        let to_redis = Proxy::before(address(&redis.url)).await;
        let to_postgres = Proxy::before(address(&postgres.url)).await;
        let servers = Self { redis, postgres, to_redis, to_postgres };
        // So that a 202 means on disk: what `everysec` may lose is the server's word, not ours.
        servers.redis_config("appendfsync", "always");
        Some(servers)
    }

    fn redis_config(&self, name: &str, value: &str) {
        docker(&["exec", self.redis.container_id(), "redis-cli", "config", "set", name, value]);
    }

    fn redis_url(&self) -> String {
        format!("redis://{}", self.to_redis.address)
    }

    fn postgres_url(&self) -> String {
        format!("postgres://postgres:postgres@{}/postgres", self.to_postgres.address)
    }

    async fn kill_and_start_redis(&self) {
        Self::kill_and_start(&self.redis, &self.to_redis).await;
    }

    async fn kill_and_start_postgres(&self) {
        Self::kill_and_start(&self.postgres, &self.to_postgres).await;
    }

    async fn kill_and_start(server: &Server, proxy: &Proxy) {
        Self::kill(server, proxy);
        Self::start_again(server, proxy).await;
    }

    fn kill(server: &Server, proxy: &Proxy) {
        docker(&["kill", "--signal", "KILL", server.container_id()]);
        proxy.cut();
    }

    /// Starts a server that was killed; its port may be another.
    async fn start_again(server: &Server, proxy: &Proxy) {
        docker(&["start", server.container_id()]);
        proxy.lead_to(address(&server.url_now().await));
    }
}
