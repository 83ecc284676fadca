//! Requests of the reading half, each made once: the caller is there to ask again.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;
use crate::outbox::Outbox;

impl Client {
    /// Does something with the API on the client's own thread.
    pub(crate) async fn with_api<T: Send + 'static, F>(
        &self,
        task: impl FnOnce(Arc<Outbox>) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.inner.background.run(task(Arc::clone(&self.inner.outbox))).await
    }

    /// Reads JSON.
    pub(super) async fn ask<T: DeserializeOwned + Send + 'static>(&self, call: Call) -> Result<T, Error> {
        self.with_api(|outbox| async move { outbox.api.read(call).await }).await
    }

    /// Reads JSON; `None` where there is no such thing.
    pub(super) async fn find<T: DeserializeOwned + Send + 'static>(
        &self,
        path: String,
    ) -> Result<Option<T>, Error> {
        self.with_api(|outbox| async move { outbox.api.find(Call::get(path)).await }).await
    }
}
