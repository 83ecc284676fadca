#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! | what | where |
//! |---|---|
//! | a model: from a document, from this build, or from code | `model`, `source`, `builder` |
//! | a document: its text, its tables, its members | `document`, `reader`, `rules`, `modifiers` |
//! | the rules for account scores: points, groups, half-lives, tiers | `account`, `rules` |
//! | checking and compiling a document, and its faults | `compile`, `faults` |
//! | its canonical form and digest; a model as a store keeps it | `canonical`, `model_record` |
//! | scoring an event, step by step | `engine`, `reading`, `ledger`, `wording`, `explanation` |
//! | conditions: what they may say, and how they are evaluated | `condition`, `syntax`, `native`, `rewrite`, `cel_host`, `cel_value` |
//! | the members of metadata that conditions read | `extraction`, `paths`, `coerce` |

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
mod model_record;
mod modifiers;
mod native;
mod paths;
mod reader;
mod reading;
mod rewrite;
mod rules;
mod source;
mod syntax;
mod wording;

pub use builder::{ModelModifier, ScoringModelBuilder};
pub use explanation::{Explanation, Scored, Step, StepInput, StepKind, UnknownEventType};
pub use faults::{ModelFault, ModelFaults};
pub use model::ScoringModel;
pub use model_record::ModelRecord;
pub use rules::{AccountRules, EventRule, GroupRule, TierRule};
