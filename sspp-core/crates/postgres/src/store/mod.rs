//! The store on PostgreSQL: a file for each of its ports, and what they share.
//!
//! | what | where |
//! |---|---|
//! | recording a batch in one transaction | `record`, `figures` |
//! | whether a refused signal is at fault | `at_fault` |
//! | types of this database in statements that `sspp-sql` builds | `dialect` |
//! | removing expired rows, or erased | `expiry`, `erasure` |
//! | whether the server would take a write | `ping` |
//! | settings of the server that put signals at risk | `risks` |

mod at_fault;
mod dead_letters;
mod dialect;
mod erasure;
mod expiry;
mod figures;
mod housekeeping;
mod models;
mod pg_store;
mod ping;
mod record;
mod risks;
mod signals;
mod status;

pub use pg_store::PgStore;
