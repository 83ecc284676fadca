//! The SQLite adapters: the contracts, and what is particular to a file.

mod fixture;

use fixture::fixture;

mod queue_contract {
    sspp_core::queue_contract!(super::fixture);
}

mod store_contract {
    sspp_core::store_contract!(super::fixture);
}
