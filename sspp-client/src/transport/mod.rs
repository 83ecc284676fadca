//! How requests get to the server: over HTTP, or over whatever implements [`Transport`].

mod cause;
mod error;
mod http_transport;
mod port;
mod proxy;
mod roots;
mod secret;

pub use error::TransportError;
pub(crate) use http_transport::HttpTransport;
pub use port::{AnswerStream, Transport};
pub(crate) use proxy::{Proxy, ProxyChoice};
pub(crate) use roots::read_roots;
pub(crate) use secret::Secret;
