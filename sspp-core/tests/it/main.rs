//! Integration tests of sspp-core, one module a subject.

mod domain;
mod fuzz;
mod memory;
mod pipeline;
mod scoring;
mod scoring_documents;
mod scoring_properties;
mod scoring_strategies;
mod sqlite;
mod validation;
