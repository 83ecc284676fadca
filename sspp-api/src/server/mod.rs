//! The HTTP server in front of the service: how many connections, how long for a header block, how it stops. It is hyper's own
//! with poem's endpoint inside, since poem's has neither limit.
//!
//! - `args`: the settings
//! - `limits`: what they come to, within what the operating system gives
//! - `serve`: accepts connections and serves each until it ends or is told to stop

mod args;
mod limits;
mod serve;

pub use args::ServerArgs;

pub(crate) use limits::Limits;
pub(crate) use serve::{Serving, serve};
