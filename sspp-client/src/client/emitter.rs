//! What a program that produces events needs of a client: a trait, so that its tests can do without a server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sspp_events::EventId;

use super::handle::Client;
use crate::errors::Error;
use crate::event::SalesEvent;
use crate::outbox::{CloseReport, Outcome, Stats};

/// Takes sales events. [`Client`] sends them, [`MemoryEmitter`](crate::MemoryEmitter) keeps them for a test to look at.
///
/// ```
/// use sspp_client::{MemoryEmitter, SalesEvent, SignalEmitter};
///
/// fn book(emitter: &dyn SignalEmitter, account: &str) -> Result<(), sspp_client::Error> {
///     emitter.emit(SalesEvent::meeting_booked(account, "ada"))?;
///     Ok(())
/// }
///
/// let emitter = MemoryEmitter::new();
/// book(&emitter, "acme")?;
/// assert_eq!(emitter.events()[0].account_id.as_str(), "acme");
/// # Ok::<(), sspp_client::Error>(())
/// ```
#[async_trait]
pub trait SignalEmitter: Send + Sync + fmt::Debug {
    /// Takes an event to be sent soon; see [`Client::emit`].
    fn emit(&self, event: SalesEvent) -> Result<EventId, Error>;

    /// Sends events now; see [`Client::send`].
    async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error>;

    /// Waits until what was emitted is settled; see [`Client::flush`].
    async fn flush(&self, timeout: Duration) -> Result<(), Error>;

    /// Ends; see [`Client::close`].
    async fn close(&self, timeout: Duration) -> CloseReport;

    /// The figures so far; see [`Client::stats`].
    fn stats(&self) -> Stats;
}

/// What leads to an emitter is one.
macro_rules! leads {
    ($($pointer:ty),*) => {
        $(#[async_trait]
        impl<E: SignalEmitter + ?Sized> SignalEmitter for $pointer {
            fn emit(&self, event: SalesEvent) -> Result<EventId, Error> {
                (**self).emit(event)
            }

            async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error> {
                (**self).send(events).await
            }

            async fn flush(&self, timeout: Duration) -> Result<(), Error> {
                (**self).flush(timeout).await
            }

            async fn close(&self, timeout: Duration) -> CloseReport {
                (**self).close(timeout).await
            }

            fn stats(&self) -> Stats {
                (**self).stats()
            }
        })*
    };
}

leads!(&E, Box<E>, Arc<E>);

#[async_trait]
impl SignalEmitter for Client {
    fn emit(&self, event: SalesEvent) -> Result<EventId, Error> {
        Self::emit(self, event)
    }

    async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error> {
        Self::send(self, events).await
    }

    async fn flush(&self, timeout: Duration) -> Result<(), Error> {
        Self::flush(self, timeout).await
    }

    async fn close(&self, timeout: Duration) -> CloseReport {
        Self::close(self, timeout).await
    }

    fn stats(&self) -> Stats {
        Self::stats(self)
    }
}
