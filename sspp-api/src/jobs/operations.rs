//! The operations on jobs.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation};

use super::read::{one, recent, stats};

/// Events on their way through the queue.
pub(crate) fn feature() -> Feature {
    let read = Needs(Scopes::READ);
    Feature {
        tag: "Jobs",
        description: "Where each event is: waiting, scored or failed.",
        operations: vec![
            Operation::new(Method::GET, "/jobs/stats", "jobStats", read, stats)
                .about("Count jobs by state", "Those in the queue, the signals and the dead letters. Without a queue none is waiting, active or delayed."),
            Operation::new(Method::GET, "/jobs/recent", "recentJobs", read, recent).about(
                "The newest jobs",
                "Of the queue, the signals and the dead letters together, the last received first.",
            ),
            Operation::new(Method::GET, "/jobs/{id}", "getJob", read, one).about(
                "One job",
                "An event on its way through a queue, or the signal or dead letter that it became.",
            ),
        ],
        examples: include_str!("examples.json"),
    }
}
