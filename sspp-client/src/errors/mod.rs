//! Errors of the client, and answers of the server other than success.

mod error;
mod problem;

pub use error::Error;
pub use problem::Problem;
pub(crate) use problem::{Remedy, retry_after};
