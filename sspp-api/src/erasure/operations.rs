//! The operations that erase.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation};

use super::erase::{account, user};

/// Erasure.
pub(crate) fn feature() -> Feature {
    let admin = Needs(Scopes::ADMIN);
    let result = "From now on none of the events received so far is kept; what is stored goes";
    Feature {
        tag: "Erasure",
        description: "Erase everything about an account or a user.",
        operations: vec![
            Operation::new(Method::DELETE, "/accounts/{id}", "eraseAccount", admin, account)
                .about(
                    "Erase an account",
                    "Its signals, its dead letters, its score and what waits in the queue: every event of it that was received so \
                     far goes, and none comes back, whatever is replayed, imported or delivered again. What is received after the \
                     answer is kept: the queue says what came before, so no host's clock counts. Repeat it as often as you like.",
                )
                .result(result),
            Operation::new(Method::DELETE, "/users/{id}", "eraseUser", admin, user)
                .about("Erase a user", "As erasing an account does, in every account.")
                .result(result),
        ],
        examples: include_str!("examples.json"),
    }
}
