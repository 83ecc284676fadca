//! What the engine needs from outside: a queue, and a store that is cut along what belongs together. The doc comments are the contracts; the suites in
//! `testing` hold every adapter to them.

mod dead_letters;
mod failure;
mod housekeeping;
mod models;
mod queue;
mod queue_error;
mod signals;
mod store;
mod store_error;
mod store_status;

pub use dead_letters::DeadLetters;
pub use failure::FailureClass;
pub use housekeeping::Housekeeping;
pub use models::Models;
pub use queue::CALL_BYTES;
pub(crate) use queue::enqueue_all;
pub use queue::{Admission, Delivery, Durability, EventQueue, NewJob, Receipt, Settled, Settlement};
pub use queue_error::QueueError;
pub use signals::{Record, Recorded, Signals};
pub use store::Store;
pub use store_error::StoreError;
pub use store_status::StoreStatus;
