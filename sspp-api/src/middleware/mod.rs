//! What happens around every route.
//!
//! - `front`: request ids, panics, problem documents, metrics
//! - `access_log`: one line a request
//! - `trace`: the trace of a request, and what it queues
//! - `route_table`: which route a path belongs to and which methods it has

mod access_log;
mod front;
mod route_table;
mod trace;

pub(crate) use front::{Front, KeepBody};
pub(crate) use route_table::RouteTable;
pub(crate) use trace::carried;
