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

/// Implements the trait by the methods of the same names: the client's own, or those of the emitter that a pointer leads to.
macro_rules! emitters {
    ($([$($generics:tt)*] $emitter:ty: $target:ty;)*) => {
        $(#[async_trait]
        impl $($generics)* SignalEmitter for $emitter {
            fn emit(&self, event: SalesEvent) -> Result<EventId, Error> {
                <$target>::emit(self, event)
            }

            async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error> {
                <$target>::send(self, events).await
            }

            async fn flush(&self, timeout: Duration) -> Result<(), Error> {
                <$target>::flush(self, timeout).await
            }

            async fn close(&self, timeout: Duration) -> CloseReport {
                <$target>::close(self, timeout).await
            }

            fn stats(&self) -> Stats {
                <$target>::stats(self)
            }
        })*
    };
}

emitters! {
    [] Client: Client;
    [<E: SignalEmitter + ?Sized>] &E: E;
    [<E: SignalEmitter + ?Sized>] Box<E>: E;
    [<E: SignalEmitter + ?Sized>] Arc<E>: E;
}
