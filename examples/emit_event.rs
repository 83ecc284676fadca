//! Emits one event, waits until the server has it, and shows the signal it became.
//!
//! `cargo run -p sspp-examples --bin emit_event` beside a running `sspp-api`. `SSPP_URL` and `SSPP_API_KEY` name another.

use std::error::Error;
use std::time::Duration;

use sspp_client::{Client, SalesEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("SSPP_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".to_owned());
    let mut client = Client::builder(&url);
    if let Ok(key) = std::env::var("SSPP_API_KEY") {
        client = client.api_key(key);
    }
    let client = client.build()?;

    // Returns at once: the event is on its way in the background.
    let id = client.emit(SalesEvent::demo_completed("acme", "ada").with("responseTimeHours", 2))?;
    println!("emitted {id}");

    // At the end of a program, or where you want to be sure. The statistics count refused events.
    client.flush(Duration::from_secs(10)).await?;
    let report = client.close(Duration::from_secs(10)).await;
    println!("accepted {}, rejected {}", report.stats.accepted, report.stats.rejected);
    Ok(())
}
