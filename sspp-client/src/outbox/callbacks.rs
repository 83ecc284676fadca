//! Callbacks, on a thread of their own: one that is slow, panics, or waits for `flush` or `close` harms no delivery.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::outcome::{DroppedEvent, RejectedEvent};
use super::stats::Counters;
use crate::settings::instant_in;

/// How many notices may wait for a slow callback; the rest is left out and counted.
const WAITING: usize = 10_000;
/// For how long after the deadline of `close` callbacks are still begun; one that is under way then has as long again.
const GRACE: Duration = Duration::from_secs(1);

type Hook<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// The functions of the program.
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

#[derive(Debug)]
enum Notice {
    Rejected(RejectedEvent),
    Dropped(DroppedEvent),
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Notice>,
    /// A callback is under way.
    calling: bool,
    /// No more notices come.
    ended: bool,
    /// The thread has released the callbacks.
    gone: bool,
    /// When `close` is to return.
    until: Option<Instant>,
}

/// What the thread of the callbacks and the client have in common.
#[derive(Debug, Default)]
struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until it is done, or time is over.
    fn wait<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        done: impl Fn(&State) -> bool,
        until: impl Fn(&State) -> Instant,
    ) -> MutexGuard<'s, State> {
        while !done(&state) {
            let left = until(&state).saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}

#[derive(Debug)]
struct Worker {
    mailbox: Arc<Mailbox>,
    thread: ThreadId,
    rejected: bool,
    dropped: bool,
}

/// The callbacks of a client; without any there is no thread, and no notice is made.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    worker: Option<Worker>,
    counters: Arc<Counters>,
}

impl Callbacks {
    /// What the client counts, callbacks that are missed among it.
    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Starts their thread, where there are any.
    pub(crate) fn start(hooks: Hooks) -> std::io::Result<Self> {
        let (rejected, dropped) = (hooks.rejected.is_some(), hooks.dropped.is_some());
        if !rejected && !dropped {
            return Ok(Self::default());
        }
        let mailbox = Arc::new(Mailbox::default());
        let shared = Arc::clone(&mailbox);
        let thread = std::thread::Builder::new()
            .name("sspp-callbacks".to_owned())
            .spawn(move || run(&shared, hooks))?
            .thread()
            .id();
        Ok(Self { worker: Some(Worker { mailbox, thread, rejected, dropped }), counters: Arc::default() })
    }

    pub(crate) fn rejected(&self, event: impl FnOnce() -> Option<RejectedEvent>) {
        self.call(|worker| worker.rejected, || event().map(Notice::Rejected));
    }

    pub(crate) fn dropped(&self, event: impl FnOnce() -> Option<DroppedEvent>) {
        self.call(|worker| worker.dropped, || event().map(Notice::Dropped));
    }

    fn call(&self, wants: impl FnOnce(&Worker) -> bool, notice: impl FnOnce() -> Option<Notice>) {
        let Some(worker) = self.worker.as_ref().filter(|worker| wants(worker)) else { return };
        let Some(notice) = notice() else { return };
        worker.mailbox.change(|state| {
            if state.ended || state.waiting.len() >= WAITING {
                self.counters.callbacks_missed(1);
            } else {
                state.waiting.push_back(notice);
            }
        });
    }

    /// Whether this thread runs a callback: then it waits for none.
    pub(crate) fn is_inside(&self) -> bool {
        self.worker.as_ref().is_some_and(|worker| worker.thread == std::thread::current().id())
    }

    /// `close` is to return at this instant; the earliest holds.
    pub(crate) fn hurry(&self, deadline: Instant) {
        if let Some(worker) = &self.worker {
            worker.mailbox.change(|state| {
                state.until = Some(state.until.map_or(deadline, |until| until.min(deadline)));
            });
        }
    }

    /// Waits until the callbacks of all notices up to now have run, or time is over: how many are left then.
    pub(crate) fn wait(&self, timeout: Duration) -> usize {
        let Some(worker) = self.worker.as_ref().filter(|_| !self.is_inside()) else { return 0 };
        let left = |state: &State| state.waiting.len() + usize::from(state.calling);
        let deadline = instant_in(timeout);
        left(&worker.mailbox.wait(worker.mailbox.lock(), |state| left(state) == 0, |_| deadline))
    }

    /// The end: waits for the callbacks, and releases them. Those that have not run when time is over are counted.
    pub(crate) fn end(&self) {
        let Some(worker) = &self.worker else { return };
        worker.mailbox.change(|state| state.ended = true);
        if self.is_inside() {
            return;
        }
        let began = Instant::now();
        let over = |state: &State| state.until.unwrap_or(began) + GRACE;
        let mut state = worker.mailbox.wait(worker.mailbox.lock(), |state| state.gone, over);
        let missed = std::mem::take(&mut state.waiting).len();
        if missed > 0 {
            self.counters.callbacks_missed(missed);
            tracing::warn!(missed, "the client closed before every callback had run");
        }
        drop(worker.mailbox.wait(state, |state| state.gone, |state| over(state) + GRACE));
    }
}

impl Drop for Callbacks {
    /// Waits for nothing.
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.mailbox.change(|state| state.ended = true);
        }
    }
}

/// Ends with the client. Callbacks may hold it: they are released then.
fn run(mailbox: &Mailbox, hooks: Hooks) {
    while let Some(notice) = next(mailbox) {
        let call = std::panic::AssertUnwindSafe(|| match (&notice, &hooks) {
            (Notice::Rejected(event), Hooks { rejected: Some(hook), .. }) => hook(event),
            (Notice::Dropped(event), Hooks { dropped: Some(hook), .. }) => hook(event),
            _ => {}
        });
        if std::panic::catch_unwind(call).is_err() {
            tracing::error!("a callback of the client panicked; the ones after it still run");
        }
        mailbox.change(|state| state.calling = false);
    }
    drop(hooks);
    mailbox.change(|state| state.gone = true);
}

fn next(mailbox: &Mailbox) -> Option<Notice> {
    let mut state = mailbox.lock();
    loop {
        if let Some(notice) = state.waiting.pop_front() {
            state.calling = true;
            return Some(notice);
        }
        if state.ended {
            return None;
        }
        state = mailbox.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}
