//! `PgBouncer` in front, as infrastructure/guides/scale.md advises it: its defaults, pooling sessions.
//!
//! Its binary is Debian's package `pgbouncer`. Where it is missing the test says loudly that it did not run; with `CI=true` that
//! is a failure.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use sspp_core::testing::builders::{model, signal};
use sspp_core::testing::servers::{Kind, Server, server};
use sspp_core::testing::{did_not_run, eventually};
use sspp_core::{
    Durability, FailureClass, LegacySignals, Models as _, PgConfig, PgStore, Signals as _, StoreStatus as _,
};
use tempfile::TempDir;

use super::fixture::patient;

struct Pooler {
    child: Child,
    _folder: TempDir,
    url: String,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pooler {
    /// Debian's settings, and the mode.
    fn before(server: &Server, mode: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (host, to) = address(&server.url).split_once(':').unwrap();
        let users = folder.path().join("userlist.txt");
        std::fs::write(&users, "\"postgres\" \"postgres\"\n").unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={to}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = md5\nauth_file = {}\npool_mode = {mode}\n",
            users.display()
        );
        std::fs::write(&settings, text).unwrap();
        let mut command = Command::new("pgbouncer");
        if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            // It does not run as root.
            for path in [folder.path(), &users, &settings] {
                std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            }
            command.args(["-u", "nobody"]);
        }
        let spawned = command.arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = match spawned {
            Ok(child) => child,
            Err(error) => {
                did_not_run(&format!("pgbouncer cannot be run: {error}; apt-get install pgbouncer"));
                return None;
            }
        };
        let url = format!("postgres://postgres:postgres@127.0.0.1:{port}/postgres");
        Some(Self { child, _folder: folder, url })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_sessions_with_its_defaults_is_enough() {
    let Some(server) = server(Kind::Postgres17).await else { return };
    let Some(pooler) = Pooler::before(&server, "session") else { return };
    let open = async || PgStore::open(PgConfig { connections: 3, ..patient(&pooler.url) }).await.unwrap();
    let store = open().await;
    eventually("it is migrated", async || store.migrate().await.is_ok()).await;
    store.put_model(&model(0)).await.unwrap();
    // The second gets the sessions of the first, which the pooler reset in between.
    for round in 0..2 {
        let store = open().await;
        let batch = |first: u64| (first..first + 50).map(|number| signal(number).record()).collect();
        let batches = (0..6).map(|number| store.record(batch(round * 1_000 + number * 100)));
        for recorded in futures_util::future::join_all(batches).await {
            recorded.unwrap();
        }
        assert_eq!(store.durability().await.unwrap(), Durability::Durable);
        let bad = signal(9_000 + round).score(10_000_100).build();
        assert!(store.is_at_fault(&bad, &"x".into()).await.unwrap());
        assert_eq!(store.stats().await.unwrap().signals, (round + 1) * 300);
        store.close().await;
    }
    LegacySignals::connect(&pooler.url).await.unwrap().close().await;
}

/// One that pools transactions gives a session to several clients. That is no event's fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_transactions_is_no_events_fault() {
    let Some(server) = server(Kind::Postgres17).await else { return };
    let direct = PgStore::open(PgConfig::new(&server.url)).await.unwrap();
    direct.migrate().await.unwrap();
    direct.put_model(&model(0)).await.unwrap();
    let Some(pooler) = Pooler::before(&server, "transaction") else { return };
    let store = PgStore::open(PgConfig::new(&pooler.url)).await.unwrap();
    eventually("its pooler is there", async || {
        tokio::net::TcpStream::connect(address(&pooler.url)).await.is_ok()
    })
    .await;
    let calls = (0..40).map(|number| store.record(vec![signal(number).record()]));
    let mut recorded = 0;
    for answer in futures_util::future::join_all(calls).await {
        match answer {
            Ok(_) => recorded += 1,
            Err(error) => assert_eq!(error.class(), FailureClass::Infrastructure, "{error}"),
        }
    }
    // What failed may have been recorded all the same; what was acknowledged is there.
    assert!(direct.stats().await.unwrap().signals >= recorded);
}

fn address(url: &str) -> &str {
    url.rsplit('@').next().unwrap().split('/').next().unwrap()
}
