//! What a program holds: the client, the same without async, and what stands for it in tests.

#[cfg(feature = "blocking")]
pub mod blocking;
mod emitter;
mod handle;
#[cfg(feature = "local-scoring")]
mod local;
mod memory;
#[cfg(feature = "mock")]
mod mock;

pub use emitter::SignalEmitter;
pub use handle::{Client, HttpClient};
#[cfg(feature = "local-scoring")]
pub use local::LocalScore;
pub use memory::MemoryEmitter;
#[cfg(feature = "mock")]
pub use mock::MockSignalEmitter;
