//! What happens to every event first, in the client and in the emitter in memory alike: the program's last look, the default source,
//! the check.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use sspp_events::{Clock, EventId, Random};

use super::stats::DropReason;
use crate::event::{Checked, SalesEvent, Unsendable, check};

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
    ) -> Result<Checked, Ended> {
        if let Some(hook) = &self.before_send {
            let own_id = event.own_id(self.source.as_deref());
            event = hook.look(event).ok_or_else(|| Ended::Dropped {
                id: own_id.unwrap_or_else(|| EventId::generate(clock.now(), random)),
                reason: DropReason::BeforeSend,
            })?;
        }
        let checked = self.check(event, clock, random).map_err(Ended::Rejected)?;
        if self.disabled {
            return Err(Ended::Dropped { id: checked.id, reason: DropReason::Disabled });
        }
        Ok(checked)
    }

    /// Checks an event, without the program's last look, which is for events that are to be sent.
    pub(crate) fn check(
        &self,
        mut event: SalesEvent,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Checked, Unsendable> {
        if let Some(source) = &self.source {
            event.default_source(source);
        }
        check(event, clock.now(), random)
    }
}

impl BeforeSend {
    pub(crate) fn new(look: impl Fn(SalesEvent) -> Option<SalesEvent> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// A panic drops the event: what the program wanted to take out of it must not be sent.
    fn look(&self, event: SalesEvent) -> Option<SalesEvent> {
        catch_unwind(AssertUnwindSafe(|| (self.0)(event))).unwrap_or_else(|_| {
            tracing::error!("before_send panicked; the event that it was given is dropped");
            None
        })
    }
}
