//! Integration tests of sspp-core, one module a subject.

mod domain;
mod fuzz;
mod memory;
mod pipeline;
mod sqlite;
mod validation;
