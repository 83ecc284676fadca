//! From bytes to an event, every violation collected.

mod batch;
mod cloud_event;
mod members;
mod metadata;
mod parse;
mod violation;

pub use batch::{BatchFault, BatchFormat, parse_batch};
pub use cloud_event::{CloudEventAttributes, parse_cloud_event, parse_cloud_event_data};
pub(crate) use metadata::check_metadata;
pub use parse::{ParseFault, parse_event};
pub use violation::{Violation, Violations};
