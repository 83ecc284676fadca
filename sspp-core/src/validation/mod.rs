//! From bytes to an event, every violation collected.

mod metadata;
mod parse;
mod violation;

pub(crate) use metadata::check_metadata;
pub use parse::{ParseFault, parse_event};
pub use violation::{Violation, Violations};
