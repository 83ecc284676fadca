#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! New events are spread over shards by their account. A shard is a stream with one consumer group, and beside it, under
//! the same hash tag: the jobs that come again later (a sorted set of when, a hash of what), where an event's last job
//! is, and how often a suspect ran. Every step is one script, so that it happens whole or not at all.
//!
//! | what | where |
//! |---|---|
//! | settings | `config` |
//! | the client library, behind a few calls | `link` |
//! | names of keys, receipts, what scripts answer | `shard` |
//! | the scripts | `script`, `scripts/*.lua` |
//! | concurrent enqueues in one round trip | `gather` |
//! | the port | `queue` |
//! | how long every shard is | `shards` |
//! | a look at a shard, which takes nothing | `look` |
//! | what the server says of its durability | `risks` |
//! | errors by what they mean | `failure` |

mod config;
mod failure;
mod gather;
mod link;
mod look;
mod queue;
mod risks;
mod script;
mod shard;
mod shards;

pub use config::{RedisConfig, RedisOpenError};
pub use queue::RedisEventQueue;
