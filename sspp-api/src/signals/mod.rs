//! Signals: lists, single ones, figures over all, how they came to their score, and export.
//!
//! - `operations`: the routes
//! - `read`, `query`, `filter`, `body`: lists, single signals, figures
//! - `explain`, `explanation`: how a signal came to its score
//! - `export`, `export_lines`, `csv`: all signals of a filter, streamed

mod body;
mod csv;
mod explain;
mod explanation;
mod export;
mod export_lines;
mod filter;
mod operations;
mod query;
mod read;

pub(crate) use body::SignalBody;
pub(crate) use operations::feature;
