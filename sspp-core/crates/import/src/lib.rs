#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! - [`Origin`] is a file, or standard input; [`Rows`] reads it.
//! - [`import()`] reads, puts rows into a [`Target`] batch by batch, keeps rejected rows, and remembers in a checkpoint how far it is.
//!
//! What a row means, and where it goes, is the target's matter: over HTTP, or into a store and a queue.

mod checkpoint;
mod columns;
mod error;
mod extent;
mod files;
mod foreign;
mod format;
mod input;
mod lines;
mod lock;
mod origin;
mod raw_object;
mod record;
mod rejects;
mod rows;
mod run;
#[cfg(test)]
mod run_tests;
mod target;

pub use checkpoint::Checkpoint;
pub use error::{Fault, ImportError};
pub use files::{Files, Wanted};
pub use foreign::Foreign;
pub use format::Format;
pub use input::{Input, Original};
pub use origin::Origin;
pub use raw_object::RawObject;
pub use rows::{Row, Rows};
pub use run::{Done, Options, import};
pub use target::{Position, Target};
