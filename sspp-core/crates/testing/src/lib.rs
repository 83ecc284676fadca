//! Contract suites, builders, fakes and mocks for tests: of adapters, and of users of the ports.

pub mod builders;
pub mod contract;
mod eventually;
mod exposition;
mod faulty_store;
pub mod fuzz;
#[cfg(feature = "mock")]
mod mock;

#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use eventually::eventually;
pub use exposition::{differences, label_values};
pub use faulty_store::FaultyStore;
#[cfg(feature = "mock")]
pub use mock::{MockEventQueue, MockStore};
#[cfg(feature = "sqlite")]
pub use sqlite::store_in_memory;
