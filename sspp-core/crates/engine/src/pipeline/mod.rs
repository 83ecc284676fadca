//! Queue to store: receive, decode, score, record, settle.
//!
//! | step | where |
//! |---|---|
//! | take deliveries, in parallel readers | `reader` |
//! | take over what a dead or stuck holder left, one suspect at a time | `recover` |
//! | what it joins, and how it runs and ends | `run` |
//! | an event in progress | `item` |
//! | decode and score: pure, one outcome a delivery | `process` |
//! | record a batch, isolating the one event at fault | `record` |
//! | stop reading while a dependency is away | `breaker` |

mod breaker;
mod config;
mod item;
mod metrics;
mod process;
mod reader;
mod record;
mod recover;
mod run;

pub use config::PipelineConfig;
pub use run::Pipeline;
