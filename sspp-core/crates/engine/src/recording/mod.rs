//! Recording: the rules that every store keeps, and what they add to the figures.
//!
//! | what | where |
//! |---|---|
//! | what becomes of one record | `judge` |
//! | the steps of recording a batch over tables | `batch` |
//! | what a batch adds to the figures, or takes from them | `figures` |
//! | which events are erased | `erasures` |
//! | which event of a batch the store refuses | `isolation` |
//! | what is counted | `metrics` |

mod batch;
mod erasures;
mod figures;
mod isolation;
mod judge;
pub(crate) mod metrics;

pub use batch::{Found, Inserted, Recording, Tables, has_distinct_events, models, record};
pub use erasures::Erasures;
pub use figures::{Counted, Figures};
pub(crate) use isolation::{Chunk, Next};
pub use judge::{Judgement, Known, KnownLetter, KnownSignal, judge, takes};
