//! The operations on jobs.

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation, Tag};

use super::read::{one, recent, stats};

/// Events on their way through the queue.
pub(crate) fn feature() -> Feature {
    let read = Needs(Scopes::READ);
    Feature {
        tag: Tag {
            name: "Jobs",
            description: "Events on their way through the queue, and what became of them.",
        },
        operations: vec![
            Operation::get("/jobs/stats", "jobStats", read, stats).about(
                "How many jobs are in which state",
                "Those in the queue, the signals and the dead letters.",
            ),
            Operation::get("/jobs/recent", "recentJobs", read, recent).about(
                "The newest jobs",
                "Over the queue, signals and dead letters, the last received first.",
            ),
            Operation::get("/jobs/{id}", "getJob", read, one).about(
                "One job",
                "An event on its way through the queue, or the signal or dead letter that it became.",
            ),
        ],
        examples: include_str!("examples.json"),
    }
}
