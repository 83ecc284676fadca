//! Why there was no answer.

use std::fmt;
use std::sync::Arc;

use super::cause;

/// Why there was no answer.
///
/// ```
/// use sspp_client::TransportError;
/// let error = TransportError::connect(std::io::Error::other("no route"));
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "cannot connect: no route");
/// ```
#[derive(Debug, Clone)]
pub struct TransportError {
    kind: Kind,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connect,
    Timeout,
    Cut,
    Unusable,
    Endless,
}

impl TransportError {
    fn new(kind: Kind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind, source: Some(Arc::from(source.into())) }
    }

    /// No connection came about. It may later.
    pub fn connect(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Connect, source)
    }

    /// The connection ended before the answer did: the server may have taken the request or not. Event ids make it safe
    /// to ask again.
    pub fn cut(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Cut, source)
    }

    /// The request can never be sent.
    pub fn unusable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Unusable, source)
    }

    /// No answer came in time.
    pub fn timeout() -> Self {
        Self { kind: Kind::Timeout, source: None }
    }

    /// The answer does not say where it ends: one that breaks off looks like a whole one.
    pub(super) fn endless() -> Self {
        Self { kind: Kind::Endless, source: None }
    }

    /// Whether the same request may get an answer later.
    pub fn is_retryable(&self) -> bool {
        !matches!(self.kind, Kind::Unusable | Kind::Endless)
    }

    /// Whether no answer came in time.
    pub fn is_timeout(&self) -> bool {
        self.kind == Kind::Timeout
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Connect => "cannot connect",
            Kind::Timeout => "none came in time",
            Kind::Cut => "the connection ended early",
            Kind::Unusable => "the request cannot be sent",
            Kind::Endless => {
                "none with a known end: it has neither a length nor chunks. Perhaps an HTTP/1.0 proxy is in between"
            }
        })?;
        // The causes are the message: "connection refused" is what one looks for.
        match self.source.as_deref() {
            Some(source) => write!(f, ": {}", cause::sentence(source)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TransportError {
    /// The system's own error, for programs, unless the text has it already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let system = cause::of_the_system(self.source.as_deref()?)?;
        (!self.to_string().contains(&system.to_string())).then_some(system)
    }
}
