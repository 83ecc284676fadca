//! Instants in the future, of the standard library's clock and of Tokio's.

use std::time::{Duration, Instant};

/// The instant after some time; one that no clock reaches is far away.
pub(crate) fn instant_in(time: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(24 * 365 * 30);
    Instant::now() + time.min(FAR)
}

/// Waits until an instant, or without one for ever.
pub(crate) async fn at(instant: Option<tokio::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
