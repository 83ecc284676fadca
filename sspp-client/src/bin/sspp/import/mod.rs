//! `sspp import`: a file of events, in batches, from where the last call stopped.

mod advice;
mod arguments;
mod checkpoint;
mod columns;
mod delivery;
mod extent;
mod files;
mod format;
mod input;
#[cfg(test)]
mod law;
mod lines;
mod lock;
mod origin;
mod other_files;
mod record;
mod rejects;
mod rows;
mod run;

pub(crate) use arguments::Import;
pub(crate) use delivery::{judge, sentences};
pub(crate) use format::Format;
pub(crate) use input::Input;
pub(crate) use origin::Origin;
pub(crate) use rows::Rows;
pub(crate) use run::run;
