//! The operations that erase.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation};

use super::erase::{account, user};

/// Erasure.
pub(crate) fn feature() -> Feature {
    let admin = Needs(Scopes::ADMIN);
    let result = "The events received so far are no longer kept; stored ones are being removed";
    Feature {
        tag: "Erasure",
        description: "Erase everything about an account or a user.",
        operations: vec![
            Operation::new(Method::DELETE, "/accounts/{id}", "eraseAccount", admin, account)
                .about(
                    "Erase an account",
                    "Removes its signals, its dead letters and its queued jobs: every event of it that was received so far. A replay, an \
                     import or a redelivery does not bring one back. Events received after the answer are kept; the queue, or the \
                     database where there is none, decides which came before, so no host's clock matters. You may repeat it.",
                )
                .result(result),
            Operation::new(Method::DELETE, "/users/{id}", "eraseUser", admin, user)
                .about("Erase a user", "As erasing an account does, in every account.")
                .result(result),
        ],
        examples: include_str!("examples.json"),
    }
}
