//! The queue on Redis Streams.

mod config;
mod queue;

pub use config::{RedisConfig, RedisOpenError};
pub use queue::RedisEventQueue;
