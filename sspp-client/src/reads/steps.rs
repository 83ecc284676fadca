//! What is read step by step, and not lost by an error.

use futures_util::stream::{BoxStream, StreamExt as _, unfold};

use crate::errors::Error;

/// Reads the next, `None` at the end. After an error it may be called again.
pub(super) trait Steps: Sized + Send + 'static {
    type Item: Send + 'static;

    fn step(&mut self) -> impl Future<Output = Result<Option<Self::Item>, Error>> + Send;

    /// An error is not the end: the next poll steps again.
    fn into_items(self) -> BoxStream<'static, Result<Self::Item, Error>> {
        let step = async |mut steps: Self| Some((steps.step().await.transpose()?, steps));
        unfold(self, step).fuse().boxed()
    }
}

/// What cannot continue after an error: it gives the same one from then on.
pub(super) struct Lasting<S> {
    steps: S,
    broken: Option<Error>,
}

impl<S> Lasting<S> {
    pub(super) const fn new(steps: S) -> Self {
        Self { steps, broken: None }
    }
}

impl<S: Steps> Steps for Lasting<S> {
    type Item = S::Item;

    async fn step(&mut self) -> Result<Option<S::Item>, Error> {
        let read = match &self.broken {
            Some(error) => Err(error.clone()),
            None => self.steps.step().await,
        };
        self.broken = read.as_ref().err().cloned();
        read
    }
}
