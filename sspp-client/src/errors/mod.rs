//! What can go wrong, and what the server says when it says no.

mod error;
mod problem;

pub use error::Error;
pub use problem::Problem;
pub(crate) use problem::{Remedy, retry_after};
