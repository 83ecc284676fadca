//! Where emitted events wait when it is not memory: the spool, or nothing in builds without it.

#[cfg(feature = "spool")]
pub(crate) use crate::spool::{Outbox as Disk, empty};

#[cfg(not(feature = "spool"))]
pub(crate) use none::{Disk, empty};

#[cfg(not(feature = "spool"))]
mod none {
    use std::sync::Arc;

    use crate::core::Core;
    use crate::error::Error;

    /// There is none.
    #[derive(Debug)]
    pub(crate) enum Disk {}

    impl Disk {
        pub(crate) const fn put(&self, _: &[u8]) -> Result<(), Error> {
            match *self {}
        }

        #[expect(clippy::unused_async, reason = "it stands for the spool's")]
        pub(crate) async fn flushed(&self) {
            match *self {}
        }

        pub(crate) const fn pending(&self) -> usize {
            match *self {}
        }

        pub(crate) const fn displaced(&self) -> u64 {
            match *self {}
        }
    }

    pub(crate) async fn empty(_: Arc<Core>, disk: &Disk) {
        match *disk {}
    }
}
