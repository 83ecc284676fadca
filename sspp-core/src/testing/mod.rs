//! Contract suites, builders, fakes and mocks for tests.

#[cfg(feature = "testing")]
mod eventually;
#[cfg(feature = "testing")]
mod faulty_store;
#[cfg(feature = "testing")]
pub mod fuzz;

#[cfg(feature = "testing")]
pub use eventually::eventually;
#[cfg(feature = "testing")]
pub use faulty_store::FaultyStore;
