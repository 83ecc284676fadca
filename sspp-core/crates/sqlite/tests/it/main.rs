//! The SQLite adapter: the contract, and what is particular to a file.
#![expect(clippy::unwrap_used, reason = "fixtures are parts of tests: they fail by panicking")]

mod faults;
mod fixture;
mod moved;
mod opening;
mod place;
mod plans;
mod properties;
mod stamps;

mod store_contract {
    sspp_core::store_contract!(super::fixture::fixture);
}
