//! Faults: real processes over real servers, under load, with a ledger of what was acknowledged. Something is killed,
//! stopped, cut or frozen; it heals, the queue drains, and the ledger is reconciled with the store. Lost, twice and the
//! drift of the figures must be 0, and no innocent event may become a dead letter.
//!
//! | variable | what |
//! |---|---|
//! | `SSPP_TEST_SEED` | repeats what was drawn; every row prints its seed |
//! | `SSPP_FAULT_TABLE` | a file that each row adds its line of the table to |

mod disk;
mod events;
mod ledger;
mod long;
mod moving_up;
mod postgresql_alone;
mod posts;
mod processes;
mod queue;
mod readiness;
mod reconcile;
mod servers;
mod sqlite;
mod stage;
mod store;

use std::time::Duration;

use stage::{Shape, row, row_of};

/// How long a delivery may be held without a sign of life.
const CLAIM_BOUND: Duration = Duration::from_secs(2);

/// Real time must pass: a claim bound, an outage.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
