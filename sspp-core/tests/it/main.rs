//! Tests of sspp-core from outside, in one binary.

mod scoring;
mod scoring_documents;
mod scoring_properties;
mod scoring_strategies;
