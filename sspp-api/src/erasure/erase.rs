//! Erases an account or a user.

use std::time::Duration;

use poem_openapi::registry::MetaSchema;
use serde_json::json;
use sspp_core::{AccountId, Erasable, Erasure, IdFault, UserId, erase_some};

use super::body::ErasureAccepted;
use crate::http::schema::{AcceptedStatus, Instant};
use crate::http::{AcceptedBody, Call, Path, PathParameter, Problem};

/// For how long the answer waits for small erasures to be complete.
const AT_ONCE: Duration = Duration::from_millis(500);

pub(super) async fn account(
    call: Call,
    Path(id): Path<AccountId>,
) -> Result<AcceptedBody<ErasureAccepted>, Problem> {
    erase(&call, Erasable::Account(id)).await
}

pub(super) async fn user(
    call: Call,
    Path(id): Path<UserId>,
) -> Result<AcceptedBody<ErasureAccepted>, Problem> {
    erase(&call, Erasable::User(id)).await
}

async fn erase(call: &Call, subject: Erasable) -> Result<AcceptedBody<ErasureAccepted>, Problem> {
    let (state, store) = (&call.state, &call.state.ports.store);
    // By the stamps of the queue or the store, since no host's clock counts: later ones are of events that come after this answer.
    let up_to = state.ask_intake(state.intake.line(&**store)).await?;
    let erasure = Erasure { up_to, whom: subject };
    state.ask_store(store.begin_erasure(&erasure)).await?;
    let digest = erasure.whom.digest().to_string();
    // For the audit: the access log has the caller's key under the same request id.
    tracing::info!(kind = erasure.whom.kind(), digest, up_to = %erasure.up_to, "erasure ordered");
    // The erasure is certain from here on: if this takes longer or fails, a background task finishes it.
    let complete = erase_some(&**store, AT_ONCE).await.unwrap_or(false);
    state.erasures.notify_one();
    Ok(AcceptedBody(ErasureAccepted {
        status: AcceptedStatus,
        kind: (&erasure.whom).into(),
        up_to: Instant(erasure.up_to),
        complete,
        message: if complete { "Erased" } else { "Being erased" }.to_owned(),
    }))
}

impl PathParameter for AccountId {
    const MEANING: &'static str = "The account's id, percent-encoded.";
    const FAILS: &'static [u16] = &[400];

    fn schema() -> MetaSchema {
        id_schema("acc_1")
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        Self::new(text).map_err(|fault| invalid(&fault))
    }
}

impl PathParameter for UserId {
    const MEANING: &'static str = "The user's id, percent-encoded.";
    const FAILS: &'static [u16] = &[400];

    fn schema() -> MetaSchema {
        id_schema("user_1")
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        Self::new(text).map_err(|fault| invalid(&fault))
    }
}

fn id_schema(example: &str) -> MetaSchema {
    MetaSchema { max_length: Some(255), example: Some(json!(example)), ..MetaSchema::new("string") }
}

fn invalid(fault: &IdFault) -> Problem {
    Problem::parameter("id", "invalid_id", format!("id {fault}"))
}
