//! Dead letters: events that could not become signals.
//!
//! - `operations`: the routes
//! - `read`, `edit`: found, edited, removed
//! - `replay`: put back into the queue
//! - `query`, `body`: filters, and answers

mod body;
mod edit;
mod operations;
mod query;
mod read;
mod replay;

pub(crate) use body::Reason;
pub(crate) use operations::feature;
