//! What the client costs the program that uses it: the time of `emit`, events a second, memory.
//!
//! `cargo run --release -p sspp-examples --bin client_load` measures the client alone, over a transport that accepts everything;
//! with `--url http://127.0.0.1:3000` it sends to a server.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser;
use sspp_client::spool::SpoolConfig;
use sspp_client::{Client, Overflow, SalesEvent, Transport, TransportError, http};

/// Measures the client.
#[derive(Debug, Parser)]
struct Args {
    /// The server to send to; without it, everything is accepted inside this process.
    #[arg(long)]
    url: Option<String>,
    /// Events for each measurement.
    #[arg(long, default_value_t = 300_000)]
    events: u32,
    /// Events a second while the time of `emit` is measured.
    #[arg(long, default_value_t = 20_000)]
    rate: u32,
    /// Events in a request, at most.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// A folder to keep emitted events in until they are delivered.
    #[arg(long, value_name = "FOLDER")]
    spool: Option<PathBuf>,
}

/// What a program does between two events.
#[derive(Debug, Clone, Copy)]
enum Between {
    /// Nothing: its code and data are cold when it emits.
    Sleeps,
    /// It is busy all the time.
    Works,
}

/// Accepts every event.
#[derive(Debug)]
struct Accepting;

#[async_trait::async_trait]
impl Transport for Accepting {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let marks = request.body().windows(9).filter(|part| part == b"\"eventId\"").count();
        let verdicts: Vec<String> =
            (0..marks).map(|index| format!(r#"{{"index":{index},"status":"accepted"}}"#)).collect();
        let body = format!(r#"{{"accepted":{marks},"rejected":0,"results":[{}]}}"#, verdicts.join(","));
        Ok(http::Response::new(body.into()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    // Written to once, so that the measurement's own memory is there before the client's is measured.
    let mut times = vec![u32::MAX; usize::try_from(args.events)?];
    let idle = resident();
    let client = client(&args)?;
    println!("resident memory: {} KiB before, {} KiB with an idle client", idle, resident());
    latency(&client, &args, Between::Works, &mut times)?;
    latency(&client, &args, Between::Sleeps, &mut times)?;
    throughput(&client, &args)?;
    println!("resident memory: {} KiB at the end, {} KiB more than before", resident(), resident() - idle);
    Ok(())
}

fn client(args: &Args) -> Result<Client, Box<dyn Error>> {
    let builder = match &args.url {
        Some(url) => Client::builder(url),
        // Compression would only hide the events from the transport.
        None => Client::from_env().transport(Arc::new(Accepting)).gzip(false),
    };
    let builder = match &args.spool {
        Some(folder) => builder.spool(SpoolConfig::new(folder)),
        None => builder,
    };
    let interval = Duration::from_millis(50);
    Ok(builder.overflow(Overflow::Wait).batch_events(args.batch).flush_interval(interval).build()?)
}

fn event(number: u32) -> SalesEvent {
    SalesEvent::email_clicked(format!("acc_{}", number % 1_000), "user_1")
        .with("link", "pricing")
        .with("responseTimeHours", number % 48)
}

/// At a steady rate: events are due at instants, and the time of each call is taken.
fn latency(
    client: &Client,
    args: &Args,
    between: Between,
    nanoseconds: &mut [u32],
) -> Result<(), sspp_client::Error> {
    let began = Instant::now();
    for (number, nanoseconds) in (0..args.events).zip(&mut *nanoseconds) {
        let due = Duration::from_secs(1) * number / args.rate;
        while began.elapsed() < due {
            match between {
                Between::Sleeps => std::thread::sleep(Duration::from_micros(200)),
                Between::Works => std::hint::spin_loop(),
            }
        }
        let event = event(number);
        let call = Instant::now();
        client.emit(event)?;
        *nanoseconds = u32::try_from(call.elapsed().as_nanos()).unwrap_or(u32::MAX);
    }
    nanoseconds.sort_unstable();
    let at = |share: usize| {
        let place = (nanoseconds.len() - 1) * share / 1_000;
        Duration::from_nanos(nanoseconds[place].into())
    };
    println!(
        "emit at {} a second by a program that {} between: p50 {:?}, p99 {:?}, p99.9 {:?}, max {:?}; \
         resident memory {} KiB",
        args.rate,
        match between {
            Between::Sleeps => "sleeps",
            Between::Works => "works",
        },
        at(500),
        at(990),
        at(999),
        at(1_000),
        resident()
    );
    Ok(())
}

fn throughput(client: &Client, args: &Args) -> Result<(), Box<dyn Error>> {
    let before = client.stats();
    let began = Instant::now();
    for number in 0..args.events {
        client.emit(event(number))?;
    }
    sspp_client::blocking::Client::from(client.clone()).flush(Duration::from_mins(10))?;
    let took = began.elapsed();
    let stats = client.stats();
    let accepted = stats.accepted - before.accepted;
    println!(
        "{accepted} events accepted in {took:.2?}: {} a second ({} rejected, {} dropped)",
        u128::from(accepted) * 1_000_000 / took.as_micros().max(1),
        stats.rejected - before.rejected,
        stats.dropped() - before.dropped()
    );
    Ok(())
}

/// In KiB; 0 where the system does not tell.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
