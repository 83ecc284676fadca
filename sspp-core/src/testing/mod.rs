//! Contract suites, builders and mocks for tests: of adapters, and of whoever uses the ports.

#[cfg(feature = "testing")]
pub mod builders;
#[cfg(feature = "testing")]
pub mod contract;
#[cfg(feature = "mock")]
mod mock;

#[cfg(feature = "mock")]
pub use mock::{MockEventQueue, MockSignalStore};
