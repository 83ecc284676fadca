//! What happens to every event first, in the client and in the emitter in memory alike: the default source, the program's last
//! look, the check.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sspp_events::{Clock, Event, EventId, Random};

use crate::encode::{Encoded, Unsendable, check};
use crate::event::SalesEvent;
use crate::stats::DropReason;

/// Looks at an event before it is checked: edits it, or drops it.
#[derive(Clone)]
pub(crate) struct BeforeSend(Arc<dyn Fn(SalesEvent) -> Option<SalesEvent> + Send + Sync>);

impl fmt::Debug for BeforeSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a function)")
    }
}

/// The rules of intake.
#[derive(Debug, Clone, Default)]
pub(crate) struct Intake {
    /// Of events that name none.
    pub(crate) source: Option<String>,
    pub(crate) before_send: Option<BeforeSend>,
    /// Events are checked, and go no further.
    pub(crate) disabled: bool,
}

/// Why an event goes no further.
#[derive(Debug)]
pub(crate) enum Ended {
    /// No server takes it.
    Rejected(Unsendable),
    /// The program does not want it sent.
    Dropped { id: EventId, reason: DropReason },
}

impl Intake {
    /// Takes an event, and counts nothing.
    pub(crate) fn take(
        &self,
        mut event: SalesEvent,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<(Event, Encoded), Ended> {
        let now = clock.now();
        self.add_source(&mut event);
        if let Some(hook) = &self.before_send {
            event = hook.look(event, now, random)?;
        }
        let (event, encoded) = check(event, now, random).map_err(Ended::Rejected)?;
        if self.disabled {
            return Err(Ended::Dropped { id: encoded.id, reason: DropReason::Disabled });
        }
        Ok((event, encoded))
    }

    /// Checks an event that is not to be sent: the program's last look is for those that are.
    pub(crate) fn check(
        &self,
        mut event: SalesEvent,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Encoded, Unsendable> {
        self.add_source(&mut event);
        check(event, clock.now(), random).map(|(_, encoded)| encoded)
    }

    fn add_source(&self, event: &mut SalesEvent) {
        if let Some(source) = &self.source {
            event.default_source(source);
        }
    }
}

impl BeforeSend {
    pub(crate) fn new(look: impl Fn(SalesEvent) -> Option<SalesEvent> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// A panic drops the event: what the program wanted to take out of it must not be sent.
    fn look(&self, event: SalesEvent, now: DateTime<Utc>, random: &dyn Random) -> Result<SalesEvent, Ended> {
        let own_id = event.own_id();
        let edited = catch_unwind(AssertUnwindSafe(|| (self.0)(event))).unwrap_or_else(|_| {
            tracing::error!("before_send panicked; the event that it was given is dropped");
            None
        });
        edited.ok_or_else(|| Ended::Dropped {
            id: own_id.unwrap_or_else(|| EventId::generate(now, random)),
            reason: DropReason::BeforeSend,
        })
    }
}
