//! Erasure of accounts and users.
//!
//! - `operations`: the routes
//! - `erase`, `body`: what is done, and what is answered

mod body;
mod erase;
mod operations;

pub(crate) use operations::feature;
