//! Erasure of accounts and users.
//!
//! - `operations`: the routes
//! - `erase`, `body`: the handlers, and the answer

mod body;
mod erase;
mod operations;

pub(crate) use operations::feature;
