//! The outbox: takes events, gathers them into batches, sends them until the server answered for each, and counts what became of them.

mod background;
mod batch;
mod callbacks;
mod delivery;
mod engine;
mod gather;
mod intake;
mod outcome;
mod queue;
mod sending;
#[cfg(feature = "spool")]
mod spooled;
#[cfg(test)]
#[cfg(feature = "spool")]
mod spooled_tests;
mod stats;
mod store;

pub(crate) use background::Background;
pub(crate) use batch::Batch;
pub(crate) use callbacks::{Callbacks, Hooks};
pub(crate) use engine::Outbox;
pub(crate) use gather::run;
pub(crate) use intake::{BeforeSend, Intake};
pub use outcome::{CloseReport, DroppedEvent, Outcome, RejectedEvent, Verdict};
pub(crate) use queue::Queue;
pub(crate) use sending::Sending;
#[cfg(feature = "spool")]
pub(crate) use spooled::SpoolStore;
pub use stats::{DropReason, Stats};
pub(crate) use store::{Pushed, Store};
