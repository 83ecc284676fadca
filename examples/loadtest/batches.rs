//! The load in batches: 100 events a request over HTTP, each answer read to its count.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::args::Plan;
use crate::http::Connection;
use crate::payload;
use crate::stats::rate;
use crate::{Failure, key};

/// Events in one request.
pub(crate) const BATCH: u32 = 100;
/// Connections, each with one request in flight.
const CONNECTIONS: u32 = 8;

/// What the server answers, as far as it is looked at.
#[derive(serde::Deserialize)]
struct Answer {
    accepted: u64,
}

/// Accepted events a second; fails when one was not accepted.
pub(crate) async fn load(address: SocketAddr, round: u32, plan: &Plan) -> Result<f64, Failure> {
    let limit = Duration::from_secs(plan.seconds);
    let start = Arc::new(Barrier::new(CONNECTIONS as usize + 1));
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let numbers = (connection * BATCH..plan.events.saturating_sub(BATCH - 1))
            .step_by((CONNECTIONS * BATCH) as usize);
        let requests: Vec<_> =
            numbers.map(|first| request(&address.to_string(), round, first)).collect::<Result<_, _>>()?;
        let mut connection = Connection::open(address).await?;
        let start = Arc::clone(&start);
        tasks.spawn(async move {
            start.wait().await;
            let (began, mut accepted) = (Instant::now(), 0);
            for request in requests {
                let (status, body) = connection.ask(request).await?;
                let said = || format!("a batch was answered {status}: {}", String::from_utf8_lossy(&body));
                let answer: Answer = serde_json::from_slice(&body).map_err(|_| said())?;
                if answer.accepted != u64::from(BATCH) {
                    return Err::<u64, Failure>(said().into());
                }
                accepted += answer.accepted;
                if began.elapsed() >= limit {
                    break;
                }
            }
            Ok(accepted)
        });
    }
    start.wait().await;
    let began = Instant::now();
    let mut accepted = 0;
    while let Some(done) = tasks.join_next().await {
        accepted += done??;
    }
    Ok(rate(accepted, began.elapsed()))
}

fn request(host: &str, round: u32, first: u32) -> Result<Request<Full<Bytes>>, Failure> {
    let mut body = Vec::from(&br#"{"events":["#[..]);
    for number in first..first + BATCH {
        if number > first {
            body.push(b',');
        }
        body.extend_from_slice(&payload::body(round, number));
    }
    body.extend_from_slice(b"]}");
    let request = Request::post("/api/v1/events/batch")
        .header("host", host)
        .header("authorization", key::SHOWN)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))?;
    Ok(request)
}
