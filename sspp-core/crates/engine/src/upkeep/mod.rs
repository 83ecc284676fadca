//! Background work beside the pipeline, under one supervisor.
//!
//! - `duty`: what a duty is, and how it claims its work
//! - `supervisor`: runs the duties, tries again after a failure, stops them
//! - `retention`: removes rows that are too old
//! - `erasing`: finishes erasures

mod duty;
mod erasing;
mod retention;
mod supervisor;

pub use erasing::erase_some;
pub use retention::Retention;
pub use supervisor::Upkeep;
