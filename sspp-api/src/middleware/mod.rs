//! What happens around every route.
//!
//! - `front`: request ids, panics, problem documents, metrics, the access log
//! - `route_table`: which route a path belongs to and which methods it has

mod front;
mod route_table;

pub(crate) use front::{Front, KeepBody};
pub(crate) use route_table::RouteTable;
