//! The whole platform in one program: API, pipeline and client, over memory. For tests, demonstrations, and products that
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
use sspp_core::{
    Clock, MemoryEventQueue, Pipeline, PipelineConfig, Random, ScoringModel, SqliteStore, SystemClock,
    SystemRandom,
};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Other ports, such as `SqliteDatabase`'s, make it durable; the rest stays as it is.
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let model = ScoringModel::embedded_default();
    let queue = Arc::new(MemoryEventQueue::new(Arc::clone(&clock)));
    let store = Arc::new(SqliteStore::in_memory().await?);
    let ports = Ports {
        queue: queue.clone(),
        queue_kind: "memory",
        store: store.clone(),
        store_kind: "memory",
        model: Arc::clone(&model),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
    };

    let stop = CancellationToken::new();
    let pipeline =
        Pipeline::new(queue, store.clone(), store, model, clock, random, PipelineConfig::default());
    let pipeline = tokio::spawn(pipeline.run(stop.clone()));

    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let acceptor = TcpListener::bind(format!("127.0.0.1:{port}")).into_acceptor().await?;
    let address = acceptor.local_addr().into_iter().find_map(|address| address.as_socket_addr().copied());
    let url = format!("http://{}", address.ok_or("no address to listen on")?);
    println!("platform on {url}");
    let api = service(&App::new(ports, Settings::default(), Metrics::new()));
    let ended = stop.clone().cancelled_owned();
    let server = tokio::spawn(Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(
        api,
        ended,
        Some(Duration::from_secs(5)),
    ));

    let client = Client::builder(&url).build()?;
    client.emit(SalesEvent::meeting_booked("acme", "ada").with("interactionCount", 6))?;
    client.flush(Duration::from_secs(5)).await?;
    println!("accepted {}", client.stats().accepted);

    if std::env::args().any(|argument| argument == "--serve") {
        tokio::signal::ctrl_c().await?;
    }
    client.close(Duration::from_secs(5)).await;
    stop.cancel();
    server.await??;
    pipeline.await?;
    Ok(())
}
