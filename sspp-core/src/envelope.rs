//! stub
use crate::AcceptedEvent;
/// What the queue carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The event.
    pub event: AcceptedEvent,
}
/// Why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// Of a version that this release cannot read.
    #[error("the envelope's version {version} is unknown to this release")]
    UnknownVersion {
        /// The version.
        version: u64,
    },
    /// Not an envelope.
    #[error("not an envelope: {reason}")]
    Malformed {
        /// Why.
        reason: String,
    },
}
impl Envelope {
    /// Writes.
    pub fn encode(&self) -> bytes::Bytes {
        todo!()
    }
    /// Reads.
    pub fn decode(_payload: &[u8]) -> Result<Self, EnvelopeFault> {
        todo!()
    }
}
