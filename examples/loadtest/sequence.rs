//! One client that sends an event and reads it at once, again and again: the answer to an event is its commit.

use std::net::SocketAddr;

use crate::http::Connection;
use crate::{Failure, payload};

/// How an event stands, as far as it is looked at.
#[derive(serde::Deserialize)]
struct Event {
    state: String,
}

/// Of so many events, how many were a signal in the answer to the request after theirs.
pub(crate) async fn seen_at_once(address: SocketAddr, round: u32, events: u32) -> Result<u32, Failure> {
    // Ids of their own, apart from those of the load.
    let round = round + 0x4000;
    let mut connection = Connection::open(address).await?;
    let mut seen = 0;
    for (number, request) in (0..).zip(payload::requests(&address.to_string(), round, 0..events)?) {
        let status = connection.send(request).await?;
        if status != hyper::StatusCode::ACCEPTED {
            return Err(format!("the server answers {status}").into());
        }
        let path = format!("{}/{}", payload::PATH, payload::id(round, number));
        let (status, body) = connection.get(&path).await?;
        let is_signal = status.is_success() && serde_json::from_slice::<Event>(&body)?.state == "completed";
        seen += u32::from(is_signal);
    }
    Ok(seen)
}
