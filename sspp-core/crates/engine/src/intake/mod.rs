//! The one way in for events.
//!
//! - `accept`: events become jobs, and each gets a verdict
//! - `error`: why nothing was accepted

mod accept;
mod error;

pub use accept::{Intake, Verdict};
pub use error::IntakeError;
