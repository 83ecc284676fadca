//! Dead letters removed.

use serde_json::json;
use sspp_client::{Client, DeadLetterId};

use crate::failure::Failure;
use crate::output::Output;

/// Removes each; one that fails does not keep the others.
pub(super) async fn run(ids: &[DeadLetterId], client: &Client, output: &Output) -> Result<(), Failure> {
    let mut failed = None;
    for id in ids {
        match client.remove_dead_letter(*id).await {
            Ok(()) => output.result(&json!({"id": id, "status": "removed"}), || {
                format!("{} {id}", output.good("removed"))
            }),
            Err(error) => {
                let failure = Failure::from(error);
                output.fault(&format!("{} {id}: {}", output.bad("failed"), failure.sentence()));
                failed.get_or_insert(failure);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}
