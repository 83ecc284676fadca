//! What runs in the background beside the pipeline, under one supervisor.
//!
//! - `supervisor`: runs the duties, tries again after a failure, stops them
//! - `retention`: removes what is too old
//! - `erasing`: finishes erasures

mod erasing;
mod retention;
mod supervisor;

pub use erasing::erase_some;
pub use retention::Retention;
pub use supervisor::Upkeep;
