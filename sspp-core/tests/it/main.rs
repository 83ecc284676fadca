//! Integration tests of sspp-core, one module a subject.

mod fuzz;
mod pipeline;
