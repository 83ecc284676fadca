//! A mockall mock of the emitter.

use std::time::Duration;

use async_trait::async_trait;
use sspp_events::EventId;

use super::emitter::SignalEmitter;
use crate::errors::Error;
use crate::event::SalesEvent;
use crate::outbox::{CloseReport, Outcome, Stats};

mockall::mock! {
    /// Expects calls and answers them, for tests of how a program uses its emitter.
    ///
    /// ```
    /// use sspp_client::{Error, MockSignalEmitter, SalesEvent, SignalEmitter};
    /// let mut emitter = MockSignalEmitter::new();
    /// emitter.expect_emit().times(1).returning(|_| Err(Error::Closed));
    /// assert!(emitter.emit(SalesEvent::call_made("acc_1", "user_1")).is_err());
    /// ```
    #[derive(Debug)]
    pub SignalEmitter {}

    #[async_trait]
    impl SignalEmitter for SignalEmitter {
        fn emit(&self, event: SalesEvent) -> Result<EventId, Error>;
        async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error>;
        async fn flush(&self, timeout: Duration) -> Result<(), Error>;
        async fn close(&self, timeout: Duration) -> CloseReport;
        fn stats(&self) -> Stats;
    }
}
