//! Scoring: a model document, compiled once, turns an event into a score with its explanation.
//!
//! A floor of the family behind [`sspp_core`](https://docs.rs/sspp-core): it knows no I/O, no clock and no randomness.

mod account;
#[cfg(test)]
mod agreement;
mod builder;
mod canonical;
mod cel_host;
mod cel_value;
mod coerce;
mod compile;
mod condition;
mod document;
mod engine;
mod explanation;
mod extraction;
mod faults;
mod ledger;
mod model;
mod modifiers;
mod native;
mod paths;
mod reader;
mod reading;
mod record;
mod rewrite;
mod rules;
mod source;
mod syntax;
mod wording;

pub use builder::{ModelModifier, ScoringModelBuilder};
pub use explanation::{Explanation, Scored, Step, StepInput, StepKind, UnknownEventType};
pub use faults::{ModelFault, ModelFaults};
pub use model::ScoringModel;
pub use record::ModelRecord;
pub use rules::{AccountRules, EventRule, GroupRule, TierRule};
