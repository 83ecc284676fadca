//! The contract of [`Store`](sspp_engine::Store), port by port, case by case.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these functions are tests: they fail by panicking"
)]

mod dead_letters;
mod housekeeping;
mod models;
mod signals;
mod steps;

pub use dead_letters::*;
pub use housekeeping::*;
pub use models::*;
pub use signals::*;

use sspp_engine::Models as _;

/// Keeps the model that the signals of the [builders](crate::builders::signal) name.
pub async fn keep_model(fixture: &mut impl crate::contract::StoreFixture) {
    fixture.store().put_model(&crate::builders::model(0)).await.unwrap();
}
