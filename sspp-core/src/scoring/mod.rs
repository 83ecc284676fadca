//! Scoring: a model document, compiled once, turns an event into a score with its explanation.

mod account;
mod canonical;
mod cel_host;
mod cel_value;
mod coerce;
mod compile;
mod condition;
mod document;
mod engine;
mod explanation;
mod faults;
mod ledger;
mod model;
mod native;
mod paths;
mod reader;
mod rules;
mod syntax;

pub use explanation::{Explanation, Scored, Step, StepInput, StepKind, UnknownEventType};
pub use faults::{ModelFault, ModelFaults};
pub use model::ScoringModel;
pub use rules::{AccountRules, EventRule, GroupRule, TierRule};
