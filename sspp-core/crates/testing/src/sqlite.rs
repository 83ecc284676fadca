//! A whole store for tests that are set up outside async code.

use std::sync::LazyLock;

use sspp_sqlite::SqliteStore;
use tokio::runtime::{Builder, Runtime};

/// The runtime of these stores, apart from the test's own, whose time may be paused.
#[expect(clippy::expect_used, reason = "this is part of tests: it fails by panicking")]
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts")
});

/// An empty whole store in memory, made in an ordinary function.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use sspp_core::Signals;
/// assert_eq!(sspp_core::testing::store_in_memory().stats().await.unwrap().signals, 0);
/// # });
/// ```
#[expect(clippy::expect_used, reason = "this is part of tests: it fails by panicking")]
#[expect(clippy::missing_panics_doc, reason = "this is part of tests: it fails by panicking")]
pub fn store_in_memory() -> SqliteStore {
    // On another thread: a thread of a runtime must not block on a second one.
    let opened = std::thread::spawn(|| RUNTIME.block_on(SqliteStore::in_memory()));
    opened.join().expect("it opens").expect("it opens")
}
