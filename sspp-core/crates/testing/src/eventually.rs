//! Waiting for what must become true, without guessing how long it takes.

use std::time::Duration;

/// Asks until the condition holds; panics with `what` when it does not within 30 seconds.
///
/// With tokio's paused time the waiting takes no time.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// sspp_core::testing::eventually("one is one", async || 1 == 1).await;
/// # });
/// ```
///
/// # Panics
/// When the condition does not hold in time.
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let asking = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while !condition().await {
            tick.tick().await;
        }
    };
    let held = tokio::time::timeout(Duration::from_secs(30), asking).await;
    assert!(held.is_ok(), "this did not become true within 30 seconds: {what}");
}
