//! Jobs: events on their way through the queue, and what became of them.
//!
//! - `operations`: the routes
//! - `read`, `body`: figures, the newest, single ones
//! - `find`: where an event is

mod body;
mod find;
mod operations;
mod read;

pub(crate) use body::JobState;
pub(crate) use find::{Found, find};
pub(crate) use operations::feature;
