//! The store on PostgreSQL: a file for each of its ports, and what they share.
//!
//! | what | where |
//! |---|---|
//! | recording a batch in one transaction | `record`, `figures` |
//! | whether a refused signal is at fault | `at_fault` |
//! | lists and counts; figures, and the horizon | `select`, `stats` |
//! | rows as the domain's types | `rows` |
//! | removing what is too old, or erased | `expiry`, `erasure` |
//! | whether the server would take a write | `ping` |
//! | settings of the server that put signals at risk | `risks` |

mod at_fault;
mod dead_letters;
mod erasure;
mod expiry;
mod figures;
mod housekeeping;
mod models;
mod pg_store;
mod ping;
mod record;
mod risks;
mod rows;
mod select;
mod signals;
mod stats;
mod status;

pub use pg_store::PgStore;
