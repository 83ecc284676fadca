//! A whole store for tests that are set up where nothing can be awaited.

use sspp_sqlite::SqliteStore;

/// An empty whole store in memory. It is made on another thread, so that a test can make it in an ordinary function; its
/// work is done by the runtime of the test.
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
    let runtime = tokio::runtime::Handle::current();
    let opened = std::thread::spawn(move || runtime.block_on(SqliteStore::in_memory()));
    opened.join().expect("it opens").expect("it opens")
}
