//! `sspp import`: a file of events, in batches, from where the last call stopped.

mod checkpoint;
mod columns;
mod delivery;
mod extent;
mod input;
#[cfg(test)]
mod law;
mod lines;
mod record;
mod rejects;
mod rows;
mod run;

pub(crate) use delivery::{judge, sentences};
pub(crate) use input::Input;
pub(crate) use run::run;
