//! What can be set about a client, with its defaults.

mod backoff;
mod time;
mod values;

pub use backoff::Backoff;
pub(crate) use backoff::RetryTokens;
pub(crate) use time::{at, instant_in};
pub use values::Overflow;
pub(crate) use values::Settings;
