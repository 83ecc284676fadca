//! Queue and store in memory: for tests, examples and trying things out. They forget everything with the process.

mod letters;
mod queue;
mod queue_state;
mod store;
mod store_state;

pub use queue::MemoryEventQueue;
pub use store::MemoryStore;
