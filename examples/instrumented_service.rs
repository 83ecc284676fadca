//! A small web shop that sends its visitors' actions to SSPP. The shop never waits for SSPP, and works without it.
//!
//! `cargo run -p sspp-examples --bin instrumented_service`, then `curl -X POST http://127.0.0.1:8080/demo/acme/ada`.
//! `PORT` names another port. Ctrl-C delivers what is left before it ends.

use std::error::Error;
use std::time::Duration;

use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::{Data, Path};
use poem::{EndpointExt as _, Route, Server, get, handler, post};
use sspp_client::{Client, SalesEvent};

#[handler]
fn pricing(Path((account, user)): Path<(String, String)>, Data(signals): Data<&Client>) -> String {
    tell(signals, SalesEvent::email_clicked(account, user).with("link", "pricing"));
    "Our prices are fair.\n".to_owned()
}

#[handler]
fn demo(Path((account, user)): Path<(String, String)>, Data(signals): Data<&Client>) -> String {
    tell(signals, SalesEvent::demo_completed(account, &user));
    format!("Thank you, {user}.\n")
}

/// A page must not fail because of what is said about it.
fn tell(signals: &Client, event: SalesEvent) {
    if let Err(error) = signals.emit(event) {
        eprintln!("not emitted: {error}");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder(server()).build()?;
    let shop = Route::new()
        .at("/pricing/:account/:user", get(pricing))
        .at("/demo/:account/:user", post(demo))
        .at("/stats", get(stats))
        .data(client.clone());
    serve(shop).await?;

    // Ctrl-C came: send what is left.
    let report = client.close(Duration::from_secs(5)).await;
    println!("delivered {}, left {}", report.stats.accepted, report.undelivered.len());
    Ok(())
}

#[handler]
fn stats(Data(signals): Data<&Client>) -> String {
    let stats = signals.stats();
    format!("emitted {}, accepted {}, waiting {}\n", stats.emitted, stats.accepted, stats.depth)
}

/// Serves until Ctrl-C.
async fn serve(shop: impl poem::Endpoint + 'static) -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let acceptor = TcpListener::bind(format!("127.0.0.1:{port}")).into_acceptor().await?;
    for address in acceptor.local_addr() {
        println!(
            "listening on http://{}",
            address.as_socket_addr().map(ToString::to_string).unwrap_or_default()
        );
    }
    let until_told = async {
        // An error means that there are no signals to wait for; then it serves until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let wait = Some(Duration::from_secs(5));
    Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(shop, until_told, wait).await?;
    Ok(())
}

fn server() -> String {
    std::env::var("SSPP_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".to_owned())
}
