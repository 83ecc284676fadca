//! Dead letters removed.

use serde_json::json;
use sspp_client::{Client, DeadLetterId};

use super::each_of;
use crate::failure::Failure;
use crate::output::Output;

/// Removes each; one that fails does not keep the others.
pub(super) async fn run(ids: &[DeadLetterId], client: &Client, output: &Output) -> Result<(), Failure> {
    each_of(ids, output, |id| async move {
        client.remove_dead_letter(id).await?;
        output.result(&json!({"id": id, "status": "removed"}), || format!("{} {id}", output.good("removed")));
        Ok(())
    })
    .await
}
