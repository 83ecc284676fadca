//! The HTTP server that both binaries listen with: how many connections, how long for a header block, which hosts, how it stops.
//! It is hyper's own with poem's endpoint inside, since poem's has none of these limits.
//!
//! - `args`: the settings
//! - `limits`: what they come to, within what the operating system gives
//! - `host`: which host a request names, and whether it may
//! - `serve`: accepts connections, refuses those that are too many, stops
//! - `connection`: the life of one connection
//! - `idle`: connections that wait for a request, and give way
//! - `wire`: a connection's bytes, and the time that a header block may take
//! - `body`: what is left of a request's body once it was answered
//! - `linger`: closes so that the answer arrives

mod args;
mod body;
mod connection;
mod host;
mod idle;
mod limits;
mod linger;
mod serve;
mod wire;

pub use args::ServerArgs;
pub use host::{AllowedHosts, HostFault, RequestedHost};
pub use limits::Limits;
pub use serve::{ConnectionMetrics, Serving, serve};
