//! Where imported signals go: the store and the queue that the service would use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sspp_core::{
    Admission, EventQueue, ModelDigest, ModelRecord, NewJob, PgConfig, PgSignalStore, QueueError, Record,
    Recorded, RedisEventQueue, SignalStore, SqliteDatabase, StoreError, SystemClock,
};
use sspp_runtime::{BackendArgs, Backends, StoreArgs};

use super::TransferError;
use super::progress::say;
use crate::app::RunError;
use crate::config::{ConfigError, DataArgs};
use crate::embedded;

/// How often a call that failed is made again, and how long is waited in between.
const TRIES: u32 = 15;
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Target {
    store: Arc<dyn SignalStore>,
    database: Option<SqliteDatabase>,
    /// What was kept: to be kept again, should the store be restored meanwhile from a backup that lacks it.
    models: Mutex<HashMap<ModelDigest, ModelRecord>>,
}

impl Target {
    /// Opens the store and the queue that are configured. The SQLite file has one owner: a service that runs has to be stopped
    /// before.
    pub(super) async fn open(
        data: &DataArgs,
        backends: &BackendArgs,
    ) -> Result<(Self, Arc<dyn EventQueue>), TransferError> {
        let Some(Backends { redis, postgres, .. }) = backends.resolve().map_err(ConfigError::from)? else {
            let database = embedded::open(data, Some(&backends.queue), Arc::new(SystemClock)).await?;
            let queue = database.queue();
            return Ok((Self::file(data, database), queue));
        };
        let queue = RedisEventQueue::open(redis).await.map_err(RunError::from)?;
        Ok((Self::postgres(postgres).await?, queue.port()))
    }

    /// Opens the store alone.
    pub(super) async fn open_store(data: &DataArgs, store: &StoreArgs) -> Result<Self, TransferError> {
        match store.resolve().map_err(ConfigError::from)? {
            Some(postgres) => Self::postgres(postgres).await,
            None => Ok(Self::file(data, embedded::open(data, None, Arc::new(SystemClock)).await?)),
        }
    }

    fn file(data: &DataArgs, database: SqliteDatabase) -> Self {
        say(&format!("into the data file {}", embedded::shown(&data.data).display()));
        Self { store: database.store(), database: Some(database), models: Mutex::default() }
    }

    async fn postgres(config: PgConfig) -> Result<Self, TransferError> {
        let store = PgSignalStore::open(config).await.map_err(RunError::from)?;
        store.ping().await?;
        say("into PostgreSQL (DATABASE_URL)");
        Ok(Self { store: store.port(), database: None, models: Mutex::default() })
    }

    pub(super) async fn close(self) {
        if let Some(database) = self.database {
            database.close().await;
        }
    }

    pub(super) async fn keep_model(&self, model: &ModelRecord) -> Result<(), String> {
        self.models().insert(model.digest, model.clone());
        let mut tries = 0;
        while let Err(error) = self.store.put_model(model).await {
            wait(&mut tries, error.to_string()).await?;
        }
        Ok(())
    }

    fn models(&self) -> MutexGuard<'_, HashMap<ModelDigest, ModelRecord>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records signals with the scores that they have.
    pub(super) async fn import(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, String> {
        let mut tries = 0;
        loop {
            match self.store.import(batch.clone()).await {
                Ok(answers) => return Ok(answers),
                // No waiting makes its content better.
                Err(error @ StoreError::Data { .. }) => return Err(error.to_string()),
                Err(StoreError::MissingModel { digest }) => {
                    let Some(model) = self.models().get(&digest).cloned() else {
                        return Err(format!(
                            "a signal names the scoring model {digest}, which is neither in the store nor in the lines before; \
                             import the line of the model first"
                        ));
                    };
                    wait(&mut tries, format!("the store lost the scoring model {digest}")).await?;
                    self.keep_model(&model).await?;
                }
                Err(error) => wait(&mut tries, error.to_string()).await?,
            }
        }
    }
}

/// Queues events, to be scored as if they had just come.
pub(super) async fn enqueue(queue: &dyn EventQueue, mut jobs: Vec<NewJob>) -> Result<(), String> {
    let mut tries = 0;
    while !jobs.is_empty() {
        match queue.enqueue(jobs.clone()).await {
            Ok(admissions) => {
                let mut admissions = admissions.into_iter();
                jobs.retain(|_| matches!(admissions.next(), Some(Admission::Refused { .. })));
                if !jobs.is_empty() {
                    wait(&mut tries, "the queue is full".to_owned()).await?;
                }
            }
            Err(error @ QueueError::Closed) => return Err(error.to_string()),
            Err(error) => wait(&mut tries, error.to_string()).await?,
        }
    }
    Ok(())
}

async fn wait(tries: &mut u32, reason: String) -> Result<(), String> {
    *tries += 1;
    if *tries >= TRIES {
        return Err(reason);
    }
    tracing::warn!(reason, tries, "trying again");
    tokio::time::sleep(PAUSE).await;
    Ok(())
}
