//! Redis and PostgreSQL servers for tests: given by URL, or in containers that end with their handle.
//!
//! | variable | what |
//! |---|---|
//! | `SSPP_TEST_REDIS_URL`, `SSPP_TEST_POSTGRES_URL` | use this server instead of containers; it must be empty and is for tests alone |
//! | `CI=true` | a server that cannot be had is a failure; otherwise the test says loudly that it did not run |
//!
//! Two tests of a process have servers at the same time, however many threads run tests: time limits are for that many.

#![expect(clippy::expect_used, reason = "parts of tests: they fail by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::thread::ThreadId;

use testcontainers::core::{IntoContainerPort as _, WaitFor};
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::did_not_run;

/// A test's leave to have servers; all of its servers share it.
type Turn = OnceCell<SemaphorePermit<'static>>;

/// A server for a test. Its container, where it has one, ends with this handle.
#[derive(Debug)]
pub struct Server {
    container: Option<ContainerAsync<GenericImage>>,
    /// How clients reach it.
    pub url: String,
    kind: Kind,
    _turn: Arc<Turn>,
}

/// Tests of this process that may have servers now.
static FREE: Semaphore = Semaphore::const_new(2);

/// The turn of the test that asks, which it waits for. A test is known by its thread: that of its main future.
async fn turn() -> Arc<Turn> {
    static TURNS: LazyLock<Mutex<HashMap<ThreadId, Weak<Turn>>>> = LazyLock::new(Mutex::default);
    let turn = {
        let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = turns.entry(std::thread::current().id()).or_default();
        known.upgrade().unwrap_or_else(|| {
            let turn = Arc::default();
            *known = Arc::downgrade(&turn);
            turn
        })
    };
    turn.get_or_init(async || FREE.acquire().await.expect("it is never closed")).await;
    turn
}

/// The images that adapters are tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Redis 7.
    Redis7,
    /// Valkey 8.
    Valkey8,
    /// PostgreSQL 15.
    Postgres15,
    /// PostgreSQL 17.
    Postgres17,
}

impl Kind {
    const fn image(self) -> (&'static str, &'static str) {
        match self {
            Self::Redis7 => ("redis", "7"),
            Self::Valkey8 => ("valkey/valkey", "8"),
            Self::Postgres15 => ("postgres", "15"),
            Self::Postgres17 => ("postgres", "17"),
        }
    }

    const fn is_redis(self) -> bool {
        matches!(self, Self::Redis7 | Self::Valkey8)
    }

    const fn port(self) -> u16 {
        if self.is_redis() { 6_379 } else { 5_432 }
    }

    fn url(self, port: u16) -> String {
        if self.is_redis() {
            format!("redis://127.0.0.1:{port}")
        } else {
            format!("postgres://postgres:postgres@127.0.0.1:{port}/postgres")
        }
    }
}

/// A server of this kind. `None` when there is neither a URL nor a Docker engine: the test is to end then, and it has
/// been said loudly that it did not run.
///
/// # Panics
/// When it cannot be had and `CI` is `true`.
pub async fn server(kind: Kind) -> Option<Server> {
    let variable = if kind.is_redis() { "SSPP_TEST_REDIS_URL" } else { "SSPP_TEST_POSTGRES_URL" };
    let turn = turn().await;
    if let Ok(url) = std::env::var(variable) {
        return Some(Server { container: None, url, kind, _turn: turn });
    }
    match start(kind, turn).await {
        Ok(server) => Some(server),
        Err(error) => {
            did_not_run(&format!("{kind:?} did not start: {error}; set {variable} or start a Docker engine"));
            None
        }
    }
}

async fn start(kind: Kind, turn: Arc<Turn>) -> Result<Server, testcontainers::TestcontainersError> {
    let (image, tag) = kind.image();
    let image = GenericImage::new(image, tag).with_exposed_port(kind.port().tcp());
    let container = if kind.is_redis() {
        let ready = WaitFor::message_on_stdout("Ready to accept connections");
        // What it acknowledges is on disk, also after a test killed and started it: its command stays, a CONFIG SET does not.
        let command = ["--appendonly", "yes", "--appendfsync", "always"];
        image.with_wait_for(ready).with_cmd(command).start().await?
    } else {
        // Said twice: the first time by the server that only sets up the folder.
        let ready = WaitFor::message_on_stderr("database system is ready to accept connections");
        image.with_wait_for(ready).with_env_var("POSTGRES_PASSWORD", "postgres").start().await?
    };
    let port = container.get_host_port_ipv4(kind.port()).await?;
    Ok(Server { container: Some(container), url: kind.url(port), kind, _turn: turn })
}

impl Server {
    /// Its container's id, for `docker kill`, `docker pause` and the like.
    ///
    /// # Panics
    /// When the server was given by URL: such a test cannot run then.
    pub fn container_id(&self) -> &str {
        self.container.as_ref().expect("this test needs a container: unset SSPP_TEST_*_URL").id()
    }

    /// Its URL after its container was started again, which may have moved its port.
    ///
    /// # Panics
    /// When the engine does not answer.
    pub async fn url_now(&self) -> String {
        match &self.container {
            Some(container) => {
                let port = container.get_host_port_ipv4(self.kind.port()).await.expect("a mapped port");
                self.kind.url(port)
            }
            None => self.url.clone(),
        }
    }

    /// Whether the server is a container of ours.
    pub const fn is_container(&self) -> bool {
        self.container.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A test that wants two servers, says that it has its turn, and ends when it is told to.
    fn test(arrived: &Sender<()>) -> (Sender<()>, std::thread::JoinHandle<()>) {
        let (end, ended): (_, Receiver<()>) = channel();
        let arrived = arrived.clone();
        let test = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (one, other) = runtime.block_on(async { tokio::join!(turn(), turn()) });
            assert!(Arc::ptr_eq(&one, &other));
            arrived.send(()).unwrap();
            ended.recv().unwrap();
        });
        (end, test)
    }

    #[test]
    fn two_tests_have_servers_and_those_of_a_test_share_its_turn() {
        let (arrive, arrived) = channel();
        let tests: Vec<_> = (0..3).map(|_| test(&arrive)).collect();
        arrived.recv().unwrap();
        arrived.recv().unwrap();
        assert!(FREE.try_acquire().is_err() && arrived.try_recv().is_err());
        // Whichever they are: two end, and the third has its turn.
        for (end, _) in &tests {
            end.send(()).unwrap();
        }
        arrived.recv().unwrap();
        for (_, test) in tests {
            test.join().unwrap();
        }
        assert_eq!(FREE.available_permits(), 2);
    }
}
