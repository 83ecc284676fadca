//! The handler that answers 202 without looking at the body: what poem and the load generator can do at most.

use poem::http::StatusCode;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::{Route, Server, handler, post};

use crate::Failure;

#[handler]
fn accept() -> StatusCode {
    StatusCode::ACCEPTED
}

/// Serves on a free port and prints its address, as sspp-api does.
pub(crate) async fn serve() -> Result<(), Failure> {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
    for address in acceptor.local_addr() {
        if let Some(address) = address.as_socket_addr() {
            use std::io::Write as _;
            writeln!(std::io::stdout(), "listening on http://{address}")?;
        }
    }
    Server::new_with_acceptor(acceptor).run(Route::new().at(crate::payload::PATH, post(accept))).await?;
    Ok(())
}
