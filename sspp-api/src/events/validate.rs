//! Says what would become of events, and stores nothing.

use sspp_core::{Event, EventId, ParseFault, Violations};

use super::body::{ChecksEither, EventsBody, Holds};
use super::parse::{parse_one, read_many};
use super::verdict::{VerdictBody, VerdictsBody};
use crate::http::{Call, JsonBody, Problem};

pub(super) async fn validate(
    call: Call,
    body: EventsBody<ChecksEither>,
) -> Result<JsonBody<VerdictsBody>, Problem> {
    let events = match body.holds {
        Holds::One(form) => {
            vec![parse_one(&body.bytes, &form, &call.state).map_err(ParseFault::into_violations)]
        }
        Holds::Many(format) => read_many(&call.state, body.bytes, format).await?,
    };
    let verdicts: Vec<VerdictBody> = events.into_iter().enumerate().map(verdict).collect();
    Ok(JsonBody(verdicts.into()))
}

fn verdict((index, event): (usize, Result<Event, Violations>)) -> VerdictBody {
    match event {
        Err(violations) => VerdictBody::rejected(index, &violations),
        Ok(event) => {
            let id = event.external_id.as_ref();
            let id = id.map(|id| EventId::of_external(id, event.source.as_ref(), &event.account_id));
            VerdictBody::acceptable(index, id)
        }
    }
}
