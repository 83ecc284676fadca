//! Callbacks, on a thread of their own: one that is slow, panics, or waits for `flush` or `close` harms no delivery.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use crate::outcome::{DroppedEvent, RejectedEvent};
use crate::stats::Counters;

/// How many notices may wait for a slow callback; the rest is left out and counted.
const WAITING: usize = 10_000;

type Hook<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// What the user wants to be told.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) rejected: Option<Hook<RejectedEvent>>,
    pub(crate) dropped: Option<Hook<DroppedEvent>>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("rejected", &self.rejected.is_some())
            .field("dropped", &self.dropped.is_some())
            .finish()
    }
}

enum Notice {
    Rejected(RejectedEvent),
    Dropped(DroppedEvent),
}

/// The way to the callbacks; without callbacks there is no thread and nothing is sent.
#[derive(Debug)]
pub(crate) struct Notices {
    rejected: Option<SyncSender<Notice>>,
    dropped: Option<SyncSender<Notice>>,
    counters: Arc<Counters>,
}

impl Notices {
    /// Without callbacks.
    pub(crate) const fn none(counters: Arc<Counters>) -> Self {
        Self { rejected: None, dropped: None, counters }
    }

    pub(crate) fn start(hooks: Hooks, counters: Arc<Counters>) -> std::io::Result<Self> {
        if hooks.rejected.is_none() && hooks.dropped.is_none() {
            return Ok(Self::none(counters));
        }
        let (sender, receiver) = sync_channel(WAITING);
        let rejected = hooks.rejected.is_some().then(|| sender.clone());
        let dropped = hooks.dropped.is_some().then_some(sender);
        std::thread::Builder::new()
            .name("sspp-callbacks".to_owned())
            .spawn(move || run(&receiver, &hooks))?;
        Ok(Self { rejected, dropped, counters })
    }

    pub(crate) fn rejected(&self, event: impl FnOnce() -> RejectedEvent) {
        self.tell(self.rejected.as_ref(), || Notice::Rejected(event()));
    }

    pub(crate) fn dropped(&self, event: impl FnOnce() -> DroppedEvent) {
        self.tell(self.dropped.as_ref(), || Notice::Dropped(event()));
    }

    fn tell(&self, sender: Option<&SyncSender<Notice>>, notice: impl FnOnce() -> Notice) {
        let Some(sender) = sender else { return };
        if let Err(TrySendError::Full(_)) = sender.try_send(notice()) {
            self.counters.callback_missed();
        }
    }
}

/// Ends when the client and its background work are gone.
fn run(receiver: &Receiver<Notice>, hooks: &Hooks) {
    while let Ok(notice) = receiver.recv() {
        let call = std::panic::AssertUnwindSafe(|| match (&notice, hooks) {
            (Notice::Rejected(event), Hooks { rejected: Some(hook), .. }) => hook(event),
            (Notice::Dropped(event), Hooks { dropped: Some(hook), .. }) => hook(event),
            _ => {}
        });
        if std::panic::catch_unwind(call).is_err() {
            tracing::error!("a callback of the client panicked; the ones after it still run");
        }
    }
}
