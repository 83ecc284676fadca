//! From settings to a client.

mod assemble;
mod build;
mod error;
mod options;
mod setters;

pub use error::BuildError;
pub use setters::ClientBuilder;
