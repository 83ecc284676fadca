//! Emits while the server is away. The events wait on disk, also across runs of this program, and go out in their order
//! once there is a server.
//!
//! `cargo run -p sspp-examples --bin offline_spool` with no server, any number of times; then start `sspp-api` and run it
//! once more.

use std::error::Error;
use std::time::Duration;

use sspp_client::spool::SpoolConfig;
use sspp_client::{Client, SalesEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| "spool".into());
    let client = Client::builder(server())
        // 16 MiB, some 40,000 events. One process a folder: give each its own.
        .spool(SpoolConfig::new(&folder).max_bytes(16 * 1024 * 1024))
        .build()?;
    println!("{} events from earlier runs in {}", client.stats().depth, folder.display());

    for number in 0..3 {
        // When this returns, even kill -9 does not lose the event.
        client.emit(SalesEvent::call_made("acme", "ada").with("number", number))?;
    }
    match client.flush(Duration::from_secs(2)).await {
        Ok(()) => println!("all delivered"),
        Err(error) => println!("{error}"),
    }
    let report = client.close(Duration::from_secs(2)).await;
    println!("accepted {}, {} kept for the next run", report.stats.accepted, report.stats.depth);
    Ok(())
}

fn server() -> String {
    std::env::var("SSPP_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".to_owned())
}
