//! Retention and erasure. These cases ask the whole store.

mod erasure;
mod expiry;

pub use erasure::*;
pub use expiry::*;
