//! The load: connections that send prebuilt requests, each the next as soon as the last is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::Failure;
use crate::args::Plan;
use crate::http::Connection;
use crate::payload;
use crate::stats::{per_mille, rate};

/// How the generator is made; printed with the figures, because it shares the machine with what it measures.
pub(crate) const DESCRIPTION: &str = "hyper HTTP/1.1 in this process, one request in flight a connection, requests built before the clock starts, each with a key";

/// What a load came to.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Load {
    /// Answered 202.
    pub(crate) acknowledged: u64,
    /// Answered otherwise.
    pub(crate) refused: u64,
    /// Sent and never answered: their fate is unknown.
    pub(crate) unanswered: u64,
    pub(crate) seconds: f64,
    pub(crate) per_second: f64,
    pub(crate) p50_us: u32,
    pub(crate) p99_us: u32,
}

/// One connection's part.
#[derive(Debug, Default)]
struct Share {
    acknowledged: u64,
    refused: u64,
    unanswered: u64,
    latencies_us: Vec<u32>,
}

/// Sends events until the plan's time or number is used up.
pub(crate) async fn load(address: SocketAddr, round: u32, plan: &Plan) -> Result<Load, Failure> {
    let start = Arc::new(Barrier::new(plan.connections as usize + 1));
    let limit = Duration::from_secs(plan.seconds);
    let mut tasks = JoinSet::new();
    let host = address.to_string();
    for first in 0..plan.connections {
        let numbers = (first..plan.events).step_by(plan.connections as usize);
        let requests = payload::requests(&host, round, numbers)?;
        let connection = Connection::open(address).await?;
        let start = Arc::clone(&start);
        tasks.spawn(async move {
            start.wait().await;
            send_all(connection, requests, limit).await
        });
    }
    start.wait().await;
    let began = Instant::now();
    let mut load = Load::default();
    let mut latencies = Vec::new();
    while let Some(share) = tasks.join_next().await {
        let share = share?;
        load.acknowledged += share.acknowledged;
        load.refused += share.refused;
        load.unanswered += share.unanswered;
        latencies.extend(share.latencies_us);
    }
    let took = began.elapsed();
    latencies.sort_unstable();
    load.seconds = took.as_secs_f64();
    load.per_second = rate(load.acknowledged, took);
    load.p50_us = per_mille(&latencies, 500);
    load.p99_us = per_mille(&latencies, 990);
    Ok(load)
}

async fn send_all(mut connection: Connection, requests: Vec<Request<Full<Bytes>>>, limit: Duration) -> Share {
    let mut share = Share { latencies_us: Vec::with_capacity(requests.len()), ..Share::default() };
    let began = Instant::now();
    let mut sent = began;
    for request in requests {
        match connection.send(request).await {
            Ok(StatusCode::ACCEPTED) => share.acknowledged += 1,
            Ok(_) => share.refused += 1,
            Err(_) => {
                share.unanswered += 1;
                break;
            }
        }
        let answered = Instant::now();
        share.latencies_us.push(u32::try_from((answered - sent).as_micros()).unwrap_or(u32::MAX));
        sent = answered;
        if answered - began >= limit {
            break;
        }
    }
    share
}
