//! What the engine needs from outside: a queue and a store. The doc comments are the contracts; the suites in
//! `testing` hold every adapter to them.

mod failure;
mod queue;
mod queue_error;
mod store;
mod store_error;

pub use failure::FailureClass;
pub use queue::CALL_BYTES;
pub use queue::{Admission, Delivery, Durability, EventQueue, NewJob, Receipt, Settled, Settlement};
pub use queue_error::QueueError;
pub use store::{Record, Recorded, Store};
pub use store_error::StoreError;
