//! Connections that wait for a request. They are the first to go when all places are taken: a client that is cut off while it
//! says nothing connects again, and one that gets no place is refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The connections that wait.
#[derive(Debug, Default)]
pub(super) struct Idle {
    waiting: AtomicUsize,
    give_way: Notify,
}

/// One that waits, until dropped.
#[derive(Debug)]
pub(super) struct Waiting<'i>(&'i Idle);

impl Idle {
    /// Counts a connection among those that wait.
    pub(super) fn enter(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    /// Tells the connection that has waited longest to end; false where none waits.
    pub(super) fn make_room(&self) -> bool {
        let one = self.waiting.load(Ordering::Relaxed) > 0;
        if one {
            // The connection that has waited longest is asked first.
            self.give_way.notify_one();
        }
        one
    }
}

impl Waiting<'_> {
    /// Waits until the connection has to end.
    pub(super) async fn asked_to_end(&self) {
        self.0.give_way.notified().await;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
