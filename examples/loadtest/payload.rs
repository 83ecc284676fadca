//! The events that are sent: each with its own id, mixed in type and account, about 200 bytes of metadata.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use crate::{Failure, key};

/// Where single events are sent.
pub(crate) const PATH: &str = "/api/v1/events";

const TYPES: [&str; 6] =
    ["email_sent", "email_opened", "email_clicked", "call_made", "meeting_booked", "demo_completed"];
const CAMPAIGNS: [&str; 4] = ["spring-launch", "renewal-2024", "webinar-follow-up", "pricing-update"];

/// The id of the numbered event of a round.
pub(crate) fn id(round: u32, number: u32) -> String {
    format!("{round:08x}-0000-4000-8000-{number:012x}")
}

/// The body of the numbered event of a round; the same numbers give the same bytes.
pub(crate) fn body(round: u32, number: u32) -> Bytes {
    let pick = |many: u32| (number.wrapping_mul(2_654_435_761) >> 7) % many;
    let at = |many: usize| pick(u32::try_from(many).unwrap_or(1)) as usize;
    let event_type = TYPES[at(TYPES.len())];
    let campaign = CAMPAIGNS[at(CAMPAIGNS.len())];
    Bytes::from(format!(
        concat!(
            r#"{{"eventId":"{id}","accountId":"acc_{account:05}","#,
            r#""userId":"user_{user:05}","eventType":"{event_type}","timestamp":"2024-12-21T{hour:02}:{minute:02}:00Z","#,
            r#""metadata":{{"responseTimeHours":{response},"interactionCount":{count},"campaign":"{campaign}","#,
            r#""channel":"email","subject":"Your trial ends soon: a few questions","#,
            r#""link":"https://example.com/pricing?ref={number:06}","device":{{"os":"linux","mobile":false}}}}}}"#
        ),
        id = id(round, number),
        number = number,
        account = pick(5_000),
        user = pick(20_000),
        event_type = event_type,
        hour = pick(24),
        minute = pick(60),
        response = pick(48),
        count = pick(7),
        campaign = campaign,
    ))
}

/// The requests of one connection: numbers `first`, `first + step` and so on below `end`.
pub(crate) fn requests(
    host: &str,
    round: u32,
    numbers: impl Iterator<Item = u32>,
) -> Result<Vec<Request<Full<Bytes>>>, Failure> {
    numbers
        .map(|number| {
            let request = Request::post(PATH)
                .header("host", host)
                .header("authorization", key::SHOWN)
                .header("content-type", "application/json")
                .body(Full::new(body(round, number)))?;
            Ok(request)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn events_differ_and_have_about_200_bytes_of_metadata() {
        let bodies: HashSet<_> = (0..1_000).map(|number| super::body(1, number)).collect();
        assert_eq!(bodies.len(), 1_000);
        let types: HashSet<_> = bodies
            .iter()
            .map(|body| serde_json::from_slice::<serde_json::Value>(body).unwrap())
            .map(|event| {
                let metadata = serde_json::to_string(&event["metadata"]).unwrap().len();
                assert!((180..=260).contains(&metadata), "{metadata} bytes");
                event["eventType"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(types.len(), 6);
    }
}
