//! Signals: recorded and read.

mod at_fault;
mod batches;
mod horizon;
mod lists;
mod receiving;
mod recording;

pub use at_fault::*;
pub use batches::*;
pub use horizon::*;
pub use lists::*;
pub use receiving::*;
pub use recording::*;
