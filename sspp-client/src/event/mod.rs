//! An event as a producer says it, and as it is sent.

mod draft;
mod encoded;
mod sales_event;

pub(crate) use encoded::{Checked, Encoded, Unsendable, check};
pub use sales_event::SalesEvent;
