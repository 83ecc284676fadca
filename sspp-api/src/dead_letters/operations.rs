//! The operations on dead letters: read for looking, admin for everything else.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation};

use super::read::{change, list, one, remove};
use super::replay::{replay_many, replay_one};

/// Events that could not become signals.
pub(crate) fn feature() -> Feature {
    let (read, admin) = (Needs(Scopes::READ), Needs(Scopes::ADMIN));
    Feature {
        tag: "DeadLetters",
        description: "Events that could not become signals: edit and replay them.",
        operations: vec![
            Operation::new(Method::GET, "/dead-letters", "listDeadLetters", read, list)
                .about("List dead letters", "The last recorded first. Follow `nextCursor` with `cursor`."),
            Operation::new(Method::GET, "/dead-letters/{id}", "getDeadLetter", read, one)
                .about("One dead letter", "With its payload, where that cannot be read as an event."),
            Operation::new(Method::PATCH, "/dead-letters/{id}", "editDeadLetter", admin, change)
                .about(
                    "Edit a dead letter",
                    "Replaces members of its event and checks the whole as at intake; the event keeps its id. Where the payload \
                     cannot be read, the body has to be a whole event. The letter waits to be replayed.",
                )
                .fails(&[409]),
            Operation::new(Method::DELETE, "/dead-letters/{id}", "removeDeadLetter", admin, remove)
                .about("Remove a dead letter", "Its event then never becomes a signal."),
            Operation::new(Method::POST, "/dead-letters/{id}/replay", "replayDeadLetter", admin, replay_one)
                .about(
                    "Replay a dead letter",
                    "Processes its event again, under the same id. The letter stays until the event's signal replaces it. Replaying it several times makes one signal.",
                )
                .result("The event is in the queue again; without a queue, what it became")
                .fails(&[409]),
            Operation::new(Method::POST, "/dead-letters/replay", "replayDeadLetters", admin, replay_many)
                .about(
                    "Replay many dead letters",
                    "Those of a filter, the first recorded first; `{}` is all of them, and `dryRun` only counts. One call looks at \
                     `limit` letters and answers within some seconds: send it again with its `nextCursor` as `cursor` until that \
                     is null. `remaining` shows the progress. Repeating any part of it is safe.",
                )
                .result("How many events were given to intake again, and how many letters are left"),
        ],
        examples: include_str!("examples.json"),
    }
}
