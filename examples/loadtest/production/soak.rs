//! Whether memory stays flat under steady load.

use std::time::{Duration, Instant};

use super::STEADY;
use super::latency::send_steadily;
use super::site::Site;
use crate::Failure;
use crate::progress::Progress;
use crate::redis_limit::Redis;
use crate::server::Server;

/// Memory at the beginning and the end of a soak, after warm-up.
#[derive(Debug, serde::Serialize)]
pub(super) struct Soak {
    pub(super) seconds: u64,
    pub(super) acknowledged: u64,
    pub(super) api: [u64; 2],
    pub(super) worker: [u64; 2],
    pub(super) redis: [u64; 2],
}

/// Sends steadily at four times the latency row's rate and watches memory.
pub(super) async fn soak(site: &Site<'_>, progress: &Progress) -> Result<Soak, Failure> {
    let name = format!("{}_soak", site.name());
    let url = site.databases.create("soak").await?;
    site.migrate(&url)?;
    let (api, worker) = (site.start_api(&name, &url).await?, site.start_worker(&name, &url).await?);
    let mut redis = Redis::connect(&site.plan.redis).await?;
    let seconds = site.plan.soak_seconds;
    let warm_up = Duration::from_secs((seconds / 5).max(1));
    let senders: Vec<_> = (0..4_u32)
        .map(|sender| {
            let address = api.address;
            tokio::spawn(async move { send_steadily(address, 0x3000 + sender, STEADY * seconds).await })
        })
        .collect();
    let began = Instant::now();
    let mut first = None;
    let end = Duration::from_secs(seconds);
    while began.elapsed() < end {
        progress.now(&format!("soak: {} of {seconds} s", began.elapsed().as_secs()));
        tokio::time::sleep(Duration::from_secs(1).min(end)).await;
        if first.is_none() && began.elapsed() >= warm_up {
            first = Some((resident(&api), resident(&worker), redis.used_memory().await?));
        }
    }
    let last = (resident(&api), resident(&worker), redis.used_memory().await?);
    let mut acknowledged = 0;
    for sender in senders {
        acknowledged += sender.await??.len() as u64;
    }
    let jobs = api.drained(Duration::from_secs(site.plan.load.drain_seconds)).await?;
    if jobs.completed != acknowledged {
        return Err(format!("soak: {acknowledged} acknowledged, {} signals", jobs.completed).into());
    }
    worker.stop().await?;
    api.stop().await?;
    let first = first.unwrap_or(last);
    Ok(Soak {
        seconds,
        acknowledged,
        api: [first.0, last.0],
        worker: [first.1, last.1],
        redis: [first.2, last.2],
    })
}

pub(super) fn resident(server: &Server) -> u64 {
    server.memory().map_or(0, |(now, _)| now)
}
