//! The whole platform in one program: API, store and client, over memory. For tests, demonstrations, and products that
//! bring SSPP along.
//!
//! `cargo run -p sspp-examples --bin embedded_platform`. With `--serve` it goes on serving until Ctrl-C.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use poem::Server;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use sspp_api::{App, Metrics, Ports, Settings, service};
use sspp_client::{Client, SalesEvent};
use sspp_core::{ScoringModel, Signals as _, SqliteStore, SystemClock, SystemRandom};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // `SqliteStore::open` keeps everything in a file, and `PgStore` on PostgreSQL; the rest stays as it is.
    let store = Arc::new(SqliteStore::in_memory().await?);
    let ports = Ports {
        // Without a queue, an event is scored and recorded before it is acknowledged.
        queue: None,
        queue_kind: "none",
        store: store.clone(),
        store_kind: "memory",
        model: ScoringModel::embedded_default(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::new()),
    };
    let platform = Platform::start(ports).await?;

    let client = Client::builder(&platform.url).build()?;
    client.emit(SalesEvent::meeting_booked("acme", "ada").with("interactionCount", 6))?;
    client.flush(Duration::from_secs(5)).await?;
    println!("accepted {}, stored {}", client.stats().accepted, store.stats().await?.signals);

    if std::env::args().any(|argument| argument == "--serve") {
        tokio::signal::ctrl_c().await?;
    }
    client.close(Duration::from_secs(5)).await;
    platform.stop().await?;
    store.close().await;
    Ok(())
}

/// The API on a port of its own.
struct Platform {
    url: String,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

impl Platform {
    async fn start(ports: Ports) -> Result<Self, Box<dyn Error>> {
        let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
        let acceptor = TcpListener::bind(format!("127.0.0.1:{port}")).into_acceptor().await?;
        let address = acceptor.local_addr().into_iter().find_map(|address| address.as_socket_addr().copied());
        let url = format!("http://{}", address.ok_or("no address to listen on")?);
        println!("platform on {url}");

        let api = service(&App::new(ports, Settings::default(), Metrics::new()));
        let stop = CancellationToken::new();
        let (stopped, wait) = (stop.clone().cancelled_owned(), Some(Duration::from_secs(5)));
        let server = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(api, stopped, wait);
        Ok(Self { url, stop, server: tokio::spawn(server) })
    }

    async fn stop(self) -> Result<(), Box<dyn Error>> {
        self.stop.cancel();
        Ok(self.server.await??)
    }
}
