//! From bytes to an event, every violation collected.

#[cfg(feature = "scoring")]
mod batch;
#[cfg(feature = "scoring")]
mod cloud_event;
#[cfg(feature = "scoring")]
mod cloud_event_form;
#[cfg(feature = "scoring")]
mod members;
mod metadata;
#[cfg(feature = "scoring")]
mod parse;
mod violation;

#[cfg(feature = "scoring")]
pub use batch::{BatchFault, BatchFormat, parse_batch};
#[cfg(feature = "scoring")]
pub use cloud_event::{CloudEventAttributes, is_json_media_type, parse_cloud_event, parse_cloud_event_data};
pub(crate) use metadata::{check_members, check_metadata};
#[cfg(feature = "scoring")]
pub use parse::{ParseFault, parse_event, parse_unsent_event};
pub use violation::{Violation, Violations};
