//! Erasure of accounts and users.

use serde::{Deserialize, Serialize};
use sspp_events::{AccountId, Timestamp, UserId};

use crate::api::Call;
use crate::api::segment;
use crate::client::Client;
use crate::errors::Error;
use crate::words::ErasureKind;

/// An account or a user that is being erased.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Erasure {
    /// What is erased.
    pub kind: ErasureKind,
    /// Events received up to this instant, by the queue's clock, go and do not come back.
    pub up_to: Timestamp,
    /// Whether everything that was stored is gone already; else it goes in the background.
    pub complete: bool,
}

impl Client {
    /// Erases an account: its signals, its dead letters, and what waits in the queue. Every event of it that was received so far
    /// goes, and none comes back. Repeating it is safe. What this client has in its own queue is not erased.
    ///
    /// ```no_run
    /// # async fn run(client: sspp_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let erasure = client.erase_account(&"acc_1".parse()?).await?;
    /// println!("gone: everything up to {}", erasure.up_to);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn erase_account(&self, id: &AccountId) -> Result<Erasure, Error> {
        self.ask(Call::delete(format!("/accounts/{}", segment(id.as_str())))).await
    }

    /// Erases a user in every account, as [`erase_account`](Self::erase_account) erases an account.
    pub async fn erase_user(&self, id: &UserId) -> Result<Erasure, Error> {
        self.ask(Call::delete(format!("/users/{}", segment(id.as_str())))).await
    }
}
