//! Integration tests of sspp-api, one module a subject.

mod bad_input;
mod document;
mod errors;
mod harness;
mod intake;
mod jobs;
mod process;
mod replay;
mod signals;
mod system;
