//! How much memory request bodies may take together. Without a bound, clients that send all but the last byte of a large body
//! would each hold it until their time is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// What all bodies together may take beyond [`FREE`] each.
const TOTAL: usize = 12 << 20;
/// This much of each body is not counted, so that a usual event arrives even while others hold all the memory.
const FREE: usize = 4 << 10;
const UNIT: usize = 1 << 10;
/// How long a body waits for memory before its client is asked to try again.
const PATIENCE: Duration = Duration::from_secs(2);

/// The memory for bodies.
#[derive(Debug)]
pub(crate) struct BodyMemory(Arc<Semaphore>);

impl Default for BodyMemory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOTAL / UNIT)))
    }
}

impl BodyMemory {
    /// Nothing yet, for one request; what it takes is given back when it is dropped.
    pub(crate) fn lease(&self) -> BodyLease {
        BodyLease { memory: Arc::clone(&self.0), held: None }
    }
}

/// What the body of one request holds.
#[derive(Debug)]
pub(crate) struct BodyLease {
    memory: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl BodyLease {
    /// Holds memory for this many bytes in all; waits a little if others hold too much.
    pub(super) async fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let units = bytes.saturating_sub(FREE).div_ceil(UNIT);
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more) = u32::try_from(units.saturating_sub(held)).ok().filter(|more| *more > 0) else {
            return Ok(());
        };
        let waiting = Arc::clone(&self.memory).acquire_many_owned(more);
        let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, waiting).await else {
            let detail = "The bodies of other requests use all memory for bodies; try again later";
            return Err(Problem::unavailable(detail, Duration::from_secs(2)));
        };
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_full_refuses_large_bodies_takes_small_ones_and_recovers() {
        let memory = BodyMemory::default();
        let mut large = memory.lease();
        large.grow_to(TOTAL / 2).await.unwrap();
        large.grow_to(TOTAL + FREE).await.unwrap();
        large.grow_to(1).await.unwrap();
        let mut other = memory.lease();
        assert!(other.grow_to(FREE).await.is_ok());
        assert_eq!(other.grow_to(FREE + 1).await.unwrap_err().status, 503);
        drop(large);
        assert!(other.grow_to(TOTAL + FREE).await.is_ok());
    }
}
