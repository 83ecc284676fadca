//! What a suite needs of an adapter besides its port.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use sspp_engine::{DeadLetters, EventQueue, Models, Signals};

/// A queue under test.
#[async_trait]
pub trait QueueFixture: Send {
    /// A handle on the queue; after a [crash](QueueFixture::crash) a new one.
    fn queue(&self) -> Arc<dyn EventQueue>;

    /// The queue's claim bound. The suite's delays are of this length too, so a fixture whose time is real time should
    /// choose about a second.
    fn claim_bound(&self) -> Duration;

    /// How many jobs fit into the queue: at least 2,000, at most 10,000.
    fn max_backlog(&self) -> u64;

    /// Lets time pass by the queue's own clock.
    async fn pass(&mut self, time: Duration);

    /// Kills the holders of deliveries, and the queue's own process where it has none but ours, then opens it again.
    /// `false` when the queue does not outlive its handles: cases about crashes end there.
    async fn crash(&mut self) -> bool;
}

/// A store under test. It must refuse a score above 1,000.00 as an error of class data.
#[async_trait]
pub trait StoreFixture: Send {
    /// What is under test: `dyn Store`, or a store without housekeeping.
    type Store: Signals + DeadLetters + Models + ?Sized + 'static;

    /// A handle on the store; after a [crash](StoreFixture::crash) a new one.
    fn store(&self) -> Arc<Self::Store>;

    /// Kills the store's client, and the store's own process where it has none but ours, then opens it again.
    /// `false` when the store does not outlive its handles: cases about crashes end there.
    async fn crash(&mut self) -> bool;
}
