//! The client's own thread, with a runtime of its own: it works the same in a multi-thread runtime, a current-thread one, and
//! in a program without any, and no runtime of the program can stop it half-way.

use std::future::Future;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::errors::Error;

/// Runs what the client does; ends once this is dropped and the first task is over.
#[derive(Debug)]
pub(crate) struct Background {
    handle: Handle,
    _alive: oneshot::Sender<()>,
}

impl Background {
    pub(crate) fn start(first: impl Future<Output = ()> + Send + 'static) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, dropped) = oneshot::channel::<()>();
        std::thread::Builder::new().name("sspp-client".to_owned()).spawn(move || {
            runtime.block_on(async {
                if let Err(error) = tokio::spawn(first).await {
                    tracing::error!("the client's task failed: {error}");
                }
                // Nothing is ever sent: this ends when the last handle is gone.
                let _ = dropped.await;
            });
        })?;
        Ok(Self { handle, _alive: alive })
    }

    /// Runs a task to its end; it is stopped when the caller stops waiting.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let mut tasks = JoinSet::new();
        tasks.spawn_on(task, &self.handle);
        match tasks.join_next().await {
            Some(Ok(result)) => result,
            Some(Err(failed)) if failed.is_panic() => Err(Error::Panicked),
            // The thread is gone.
            Some(Err(_)) | None => Err(Error::Closed),
        }
    }
}
