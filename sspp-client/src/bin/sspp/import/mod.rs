//! `sspp import`: a file of events, in batches, from where the last call stopped.

mod advice;
mod arguments;
mod delivery;
mod foreign;
#[cfg(test)]
mod law;
mod run;

pub(crate) use arguments::Import;
pub(crate) use delivery::{judge, sentences};
pub(crate) use foreign::open;
pub(crate) use run::run;
