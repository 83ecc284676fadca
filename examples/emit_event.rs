//! Sends one event, waits for its signal, and prints the signal's explanation.
//!
//! `cargo run -p sspp-examples --bin emit_event` beside a running `sspp-api`. `SSPP_URL` names another server.

use std::time::Duration;

use sspp_client::{Client, SalesEvent, Settled};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder(server()).build()?;

    // Puts the event into a queue in memory and returns at once. A thread of the client sends it.
    let event = SalesEvent::demo_completed("acme", "ada").with("responseTimeHours", 2);
    let id = client.emit(event)?;

    // Waits until the event is a signal or a dead letter, for at most ten seconds.
    if let Settled::Signal(signal) = client.wait_for_signal(id, Duration::from_secs(10)).await? {
        println!("score {}", signal.signal_score);
        if let Some(explanation) = client.explanation(signal.id).await? {
            println!("{explanation}");
        }
    }

    // Sends what is left, and says whether everything arrived.
    let report = client.close(Duration::from_secs(5)).await;
    println!("everything arrived: {}", report.is_clean());
    Ok(())
}

fn server() -> String {
    std::env::var("SSPP_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".to_owned())
}
