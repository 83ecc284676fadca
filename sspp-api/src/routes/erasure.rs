//! Erasure of accounts and users. Scope: admin.

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::OpenApi;
use sspp_core::{AccountId, Erasable, Erasure, IdFault, UserId, erase_some};

use super::query_reader::decode_path;
use super::{Tag, Wipe};
use crate::dto::param::{AccountParam, Path, UserParam};
use crate::dto::{AcceptedStatus, ErasureAccepted, Failure, Instant};
use crate::error::Problem;
use crate::state::Inner;

/// For how long the answer waits for small erasures to be complete.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Erasure.
#[derive(Debug)]
pub(crate) struct Erasures(pub(super) Arc<Inner>);

#[OpenApi(tag = "Tag::Erasure")]
impl Erasures {
    /// Erase an account
    ///
    /// Its signals, its dead letters, its score and what waits in the queue: every event of it that was received so far goes,
    /// and none comes back, whatever is replayed, imported or delivered again. What is received after the answer is kept: the
    /// queue says what came before, so no host's clock counts. Repeat it as often as you like.
    #[oai(path = "/accounts/:id", method = "delete", operation_id = "eraseAccount")]
    async fn account(
        &self,
        /// The account's id, percent-encoded.
        #[oai(name = "id")]
        id: Path<AccountParam>,
    ) -> Result<ErasureAccepted, Failure<Wipe>> {
        let id = read(&id.0, AccountId::new)?;
        Ok(self.erase(Erasable::Account(id)).await?)
    }

    /// Erase a user
    ///
    /// As erasing an account does, in every account.
    #[oai(path = "/users/:id", method = "delete", operation_id = "eraseUser")]
    async fn user(
        &self,
        /// The user's id, percent-encoded.
        #[oai(name = "id")]
        id: Path<UserParam>,
    ) -> Result<ErasureAccepted, Failure<Wipe>> {
        let id = read(&id.0, UserId::new)?;
        Ok(self.erase(Erasable::User(id)).await?)
    }
}

fn read<T>(text: &str, make: impl Fn(String) -> Result<T, IdFault>) -> Result<T, Problem> {
    let text = decode_path(text).ok_or_else(|| {
        Problem::parameter("id", "malformed", "id must be percent-encoded UTF-8 without NUL")
    })?;
    make(text).map_err(|fault| Problem::parameter("id", "invalid_id", format!("id {fault}")))
}

impl Erasures {
    async fn erase(&self, whom: Erasable) -> Result<ErasureAccepted, Problem> {
        let state = &self.0;
        let store = &state.ports.store;
        // By the queue's stamps, since no host's clock counts: later ones are of events that come after this answer.
        let up_to = state.ask_queue(state.ports.queue.fence(None)).await?;
        let erasure = Erasure { up_to, whom };
        state.ask_store(store.begin_erasure(&erasure)).await?;
        let digest = erasure.whom.digest().to_string();
        // For the audit: who asked is in the access log under the same request.
        tracing::info!(kind = erasure.whom.kind(), digest, up_to = %erasure.up_to, "erasure ordered");
        // From here on it is certain; that it takes longer, or fails, is the background's business.
        let complete = erase_some(&**store, AT_ONCE).await.unwrap_or(false);
        state.erasures.notify_one();
        Ok(ErasureAccepted {
            status: AcceptedStatus,
            kind: (&erasure.whom).into(),
            up_to: Instant(erasure.up_to),
            complete,
            message: if complete { "Erased" } else { "Being erased" }.to_owned(),
        })
    }
}
