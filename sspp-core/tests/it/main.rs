//! Integration tests of sspp-core, one module a subject.

mod domain;
mod pipeline;
mod validation;
