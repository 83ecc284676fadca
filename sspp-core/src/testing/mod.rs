//! Contract suites, builders, fakes and mocks for tests: of adapters, and of whoever uses the ports.

#[cfg(feature = "testing")]
pub mod builders;
#[cfg(feature = "testing")]
pub mod contract;
#[cfg(feature = "testing")]
mod eventually;
#[cfg(feature = "testing")]
mod exposition;
#[cfg(feature = "testing")]
mod faulty_store;
#[cfg(feature = "testing")]
pub mod fuzz;
#[cfg(feature = "mock")]
mod mock;

#[cfg(feature = "servers")]
pub mod servers;

#[cfg(feature = "testing")]
pub use eventually::eventually;
#[cfg(feature = "testing")]
pub use exposition::{differences, label_values};
#[cfg(feature = "testing")]
pub use faulty_store::FaultyStore;
#[cfg(feature = "mock")]
pub use mock::{MockEventQueue, MockSignalStore};
