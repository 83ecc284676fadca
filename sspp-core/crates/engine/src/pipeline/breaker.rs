//! While the store is away, a reader that holds a batch tries it with that batch, and no reader takes a new one.

use tokio::sync::watch;

/// Open while the store is away.
#[derive(Debug)]
pub(super) struct Breaker(watch::Sender<bool>);

impl Breaker {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// The store failed.
    pub(super) fn open(&self) {
        if self.0.send_if_modified(|open| !std::mem::replace(open, true)) {
            super::metrics::breaker(true);
        }
    }

    /// The store answered, or the reader that tried it is done.
    pub(super) fn close(&self) {
        if self.0.send_if_modified(|open| std::mem::replace(open, false)) {
            super::metrics::breaker(false);
        }
    }

    /// Shows its state to others: true while it is open.
    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    pub(super) fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the store is not known to be away.
    pub(super) async fn closed(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|open| !open).await;
    }
}
