//! How long it takes from sending an event until its row is visible.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Row as _};

use super::STEADY;
use super::site::Site;
use crate::http::Connection;
use crate::redis_limit::Redis;
use crate::server::Server;
use crate::stats::per_mille;
use crate::{Failure, payload};

/// From sending an event until its row is visible, in microseconds; and what it is judged by.
#[derive(Debug, Default, serde::Serialize)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name of a figure")]
pub(super) struct Latency {
    pub(super) p50_us: u32,
    pub(super) p99_us: u32,
    /// One Redis round trip and one commit.
    pub(super) floor_us: u32,
}

/// Sends steadily and watches the rows appear.
pub(super) async fn latency(
    site: &Site<'_>,
    api: &Server,
    url: &str,
    round: u32,
) -> Result<Latency, Failure> {
    // Ids of their own, apart from those of the load.
    let round = round + 0x1000;
    let count = STEADY * site.plan.latency_seconds;
    let mut watcher = url.parse::<PgConnectOptions>()?.connect().await?;
    let mut last: i64 =
        sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM signals").fetch_one(&mut watcher).await?;
    let address = api.address;
    let sender = tokio::spawn(async move { send_steadily(address, round, count).await });
    let (mut seen, own) = (HashMap::new(), format!("{round:08x}-"));
    let deadline = Instant::now() + Duration::from_secs(site.plan.latency_seconds + 30);
    while (seen.len() as u64) < count && Instant::now() < deadline {
        let rows = sqlx::query("SELECT id, event_id::text FROM signals WHERE id > $1 ORDER BY id")
            .bind(last - 100)
            .fetch_all(&mut watcher)
            .await?;
        let at = Instant::now();
        for row in rows {
            last = last.max(row.try_get(0)?);
            let id: String = row.try_get(1)?;
            if id.starts_with(&own) {
                seen.entry(id).or_insert(at);
            }
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    let sent = sender.await??;
    let mut times: Vec<u32> = sent
        .iter()
        .filter_map(|(id, at)| Some(u32::try_from((*seen.get(id)? - *at).as_micros()).unwrap_or(u32::MAX)))
        .collect();
    times.sort_unstable();
    if (times.len() as u64) < count {
        return Err(format!("{} of {count} events became visible", times.len()).into());
    }
    Ok(Latency {
        p50_us: per_mille(&times, 500),
        p99_us: per_mille(&times, 990),
        floor_us: floor(site, &mut watcher).await?,
    })
}

pub(super) async fn send_steadily(
    address: SocketAddr,
    round: u32,
    count: u64,
) -> Result<Vec<(String, Instant)>, Failure> {
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / STEADY));
    let mut connection = Connection::open(address).await?;
    let mut sent = Vec::new();
    for number in 0..u32::try_from(count)? {
        ticks.tick().await;
        let request = payload::requests(&address.to_string(), round, std::iter::once(number))?.remove(0);
        sent.push((payload::id(round, number), Instant::now()));
        let status = connection.send(request).await?;
        if status != hyper::StatusCode::ACCEPTED {
            return Err(format!("the server answers {status}").into());
        }
    }
    Ok(sent)
}

/// The median of one Redis round trip and one commit, one after the other.
pub(super) async fn floor(site: &Site<'_>, database: &mut PgConnection) -> Result<u32, Failure> {
    sqlx::query("CREATE TABLE floor (id integer)").execute(&mut *database).await?;
    let mut redis = Redis::connect(&site.plan.redis).await?;
    let mut times = Vec::new();
    for number in 0..200 {
        let began = Instant::now();
        redis.ask(&[b"PING"]).await?;
        sqlx::query("INSERT INTO floor VALUES ($1)").bind(number).execute(&mut *database).await?;
        times.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    times.sort_unstable();
    Ok(per_mille(&times, 500))
}
