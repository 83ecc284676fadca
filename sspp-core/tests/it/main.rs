//! Integration tests of sspp-core, one module a subject.

mod domain;
mod fuzz;
mod pipeline;
mod validation;
