//! The address that a binary listens on.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::RunError;

/// Listens on an address, whose port the variable `port` sets; gives the port that it got where that is 0.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let (_listener, address) = sspp_runtime::listen("127.0.0.1:0".parse().unwrap(), "PORT").await.unwrap();
/// let taken = sspp_runtime::listen(address, "PORT").await.unwrap_err().to_string();
/// assert!(taken.contains("--port (PORT)"));
/// # });
/// ```
pub async fn listen(address: SocketAddr, port: &'static str) -> Result<(TcpListener, SocketAddr), RunError> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| RunError::Listen { address, port, source })?;
    let local = listener.local_addr()?;
    Ok((listener, local))
}
