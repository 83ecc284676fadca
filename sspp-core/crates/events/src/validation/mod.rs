//! From bytes to an event, every violation collected.

mod batch;
mod cloud_event;
mod cloud_event_form;
mod members;
mod metadata;
mod parse;
mod violation;

pub use batch::{BatchFault, BatchFormat, parse_batch};
pub use cloud_event::{CloudEventAttributes, is_json_media_type, parse_cloud_event, parse_cloud_event_data};
pub(crate) use metadata::{check_members, check_metadata};
pub use parse::{ParseFault, parse_event, parse_unsent_event};
pub use violation::{Violation, Violations};
