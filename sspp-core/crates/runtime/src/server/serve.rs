//! Accepts connections, refuses those that are too many, and stops.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use poem::{Endpoint, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::House;
use super::idle::Idle;
use super::{Limits, linger};

/// How long a connection that has to make room may take to do so.
const ROOM_WITHIN: Duration = Duration::from_millis(100);
/// So many refused connections are closed with care, so that the answer arrives; the rest at once.
const REFUSED_WITH_CARE: usize = 32;
/// How often the log may tell of refused connections.
const LOG_REFUSALS_EVERY: Duration = Duration::from_secs(10);

/// The answer to a connection that is one too many.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\n\
    content-length: 250\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    {\"type\":\"urn:sspp:problem:too-many-connections\",\"title\":\"Service Unavailable\",\"status\":503,\
    \"detail\":\"Too many connections are open\",\"instance\":\"\",\"requestId\":\"\",\"statusCode\":503,\
    \"error\":\"Service Unavailable\",\"message\":\"Too many connections are open\"}";

/// What is measured of connections.
///
/// ```
/// let recorder = sspp_runtime::recorder();
/// metrics::with_local_recorder(&recorder, || {
///     sspp_runtime::ConnectionMetrics::new("sspp_api_connections", "sspp_api_connections_refused_total")
/// });
/// assert!(recorder.handle().render().contains("sspp_api_connections_refused_total 0"));
/// ```
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    open: Gauge,
    refused: Counter,
}

impl ConnectionMetrics {
    /// Measures under these names, with the current recorder.
    pub fn new(open: &'static str, refused: &'static str) -> Self {
        let (open, refused) = (gauge!(open), counter!(refused));
        open.set(0.0);
        refused.increment(0);
        Self { open, refused }
    }

    fn open(&self) -> Open {
        self.open.increment(1.0);
        Open(self.open.clone())
    }
}

/// A connection that is open.
#[derive(Debug)]
struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// What is served, where, and at what cost.
#[derive(Debug)]
pub struct Serving<E> {
    /// Where connections come from.
    pub listener: TcpListener,
    /// The address that it listens on.
    pub local: SocketAddr,
    /// What answers.
    pub endpoint: E,
    /// What a connection may cost.
    pub limits: Limits,
    /// What is measured.
    pub metrics: ConnectionMetrics,
}

/// Serves until `until_stopped` is over, then lets requests in progress finish for at most `grace`.
///
/// ```
/// use clap::Parser as _;
/// use sspp_runtime::{ConnectionMetrics, Limits, ServerArgs, Serving, serve};
///
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     server: ServerArgs,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let serving = Serving {
///     local: listener.local_addr()?,
///     listener,
///     endpoint: poem::EndpointExt::map_to_response(poem::endpoint::make_sync(|_| "hello")),
///     limits: Limits::new(&Config::parse_from(["x"]).server),
///     metrics: ConnectionMetrics::new("sspp_api_connections", "sspp_api_connections_refused_total"),
/// };
/// let until_stopped = async { /* wait for a signal */ };
/// serve(serving, until_stopped, std::time::Duration::from_secs(8)).await;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub async fn serve<E: Endpoint<Output = Response> + 'static>(
    serving: Serving<E>,
    until_stopped: impl Future<Output = ()>,
    grace: Duration,
) {
    let Serving { listener, local, endpoint, limits, metrics } = serving;
    let (stopping, cut) = (CancellationToken::new(), CancellationToken::new());
    let house =
        Arc::new(House { endpoint, local, limits, idle: Idle::default(), stopping: stopping.clone() });
    let places = Arc::new(Semaphore::new(limits.connections));
    let tasks = TaskTracker::new();
    let mut refusals = Refusals::new(metrics.refused.clone(), limits.connections);
    let mut until_stopped = std::pin::pin!(until_stopped);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut until_stopped => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refused_by_system(&error).await;
                continue;
            }
        };
        let Some(place) = place(&places, &house.idle).await else {
            refusals.refuse(stream, &tasks, &stopping);
            continue;
        };
        let (house, cut, open) = (Arc::clone(&house), cut.clone(), metrics.open());
        tasks.spawn(async move {
            let _held = (place, open);
            tokio::select! {
                () = house.serve(stream, remote) => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    stopping.cancel();
    tasks.close();
    if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
        tracing::warn!(open = tasks.len(), "closing connections whose requests did not finish in time");
    }
    cut.cancel();
    tasks.wait().await;
}

/// A place for a connection. Where all are taken, the connection that has waited longest for a request makes room.
async fn place(places: &Arc<Semaphore>, idle: &Idle) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    if !idle.make_room() {
        return None;
    }
    tokio::time::timeout(ROOM_WITHIN, Arc::clone(places).acquire_owned()).await.ok()?.ok()
}

/// A connection that was gone before it was taken is nothing; without a file left, trying on at once would only burn the processor.
async fn refused_by_system(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "cannot accept a connection; trying again in 100 ms");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Refuses connections, and tells of them, but not of each.
#[derive(Debug)]
struct Refusals {
    counted: Counter,
    limit: usize,
    with_care: Arc<Semaphore>,
    logged: Option<Instant>,
    since: u64,
}

impl Refusals {
    fn new(counted: Counter, limit: usize) -> Self {
        let with_care = Arc::new(Semaphore::new(REFUSED_WITH_CARE));
        Self { counted, limit, with_care, logged: None, since: 0 }
    }

    fn refuse(&mut self, stream: TcpStream, tasks: &TaskTracker, stopping: &CancellationToken) {
        self.counted.increment(1);
        self.tell();
        let Ok(mut stream) = stream.into_std() else { return };
        // It does not block; where the client would not get it, closing says enough.
        drop(stream.write(TOO_MANY));
        let Ok(care) = Arc::clone(&self.with_care).try_acquire_owned() else { return };
        if let Ok(stream) = TcpStream::from_std(stream) {
            let stopping = stopping.clone();
            tasks.spawn(async move {
                let _held = care;
                stopping.run_until_cancelled(linger::close(stream)).await;
            });
        }
    }

    fn tell(&mut self) {
        self.since += 1;
        if self.logged.is_none_or(|logged| logged.elapsed() >= LOG_REFUSALS_EVERY) {
            tracing::warn!(
                refused = self.since,
                limit = self.limit,
                "refusing connections: SSPP_MAX_CONNECTIONS are open, and none of them is idle"
            );
            (self.logged, self.since) = (Some(Instant::now()), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_a_whole_answer() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["status"], 503);
    }
}
