//! The one way in for events.
//!
//! | what | where |
//! |---|---|
//! | the entry, and the verdict for each event | `accept` |
//! | direct: score and record in the commit of the callers that come together | `direct`, `commit` |
//! | who waits for a commit | `waiting` |
//! | settings of direct intake | `config` |
//! | how it fails | `error` |

mod accept;
mod commit;
mod config;
mod direct;
mod error;
mod waiting;

pub use accept::{Intake, IntakeOutcome, Verdict};
pub use config::DirectConfig;
pub use error::IntakeError;
