//! Queue and store in memory: for tests, examples and trying things out. They forget everything with the process.

mod dead_letters;
mod models;
mod queue;
mod queue_state;
mod signals;
mod stamps;
mod store;

pub use queue::MemoryEventQueue;
pub use store::MemoryStore;
