//! Scoring models: the active one to be read, and any to be tried on events.
//!
//! - `operations`: the routes
//! - `active`: the model that scores
//! - `preview`, `preview_body`: events scored, and not stored
//! - `steps`: what a model did to come to a score

mod active;
mod operations;
mod preview;
mod preview_body;
mod steps;

pub(crate) use operations::feature;
pub(crate) use steps::{ModelBody, StepBody, steps};
