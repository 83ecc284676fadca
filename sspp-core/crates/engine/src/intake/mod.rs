//! The one way in for events: they become jobs, and each gets a verdict.

mod accept;

pub use accept::{Intake, Verdict};
