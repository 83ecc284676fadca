//! Where imported signals go: the store and the queue that the service would use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sspp_core::{
    Admission, EventQueue, ModelDigest, ModelRecord, NewJob, PgSignalStore, QueueError, Record, Recorded,
    RedisEventQueue, SignalStore, SqliteConfig, SqliteDatabase, StoreError, SystemClock,
};

use super::error::of_store;
use crate::app::RunError;
use crate::config::Config;

/// How often a call that failed is made again, and how long is waited in between.
const TRIES: u32 = 15;
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Target {
    store: Arc<dyn SignalStore>,
    queue: Arc<dyn EventQueue>,
    database: Option<SqliteDatabase>,
    /// What was kept: to be kept again, should the store be restored meanwhile from a backup that lacks it.
    models: Mutex<HashMap<ModelDigest, ModelRecord>>,
}

impl Target {
    /// Opens what is configured. The SQLite file has one owner: a service that runs has to be stopped before.
    pub(super) async fn open(config: &Config) -> Result<Self, super::TransferError> {
        let backends = config.checked()?.setup.backends;
        if let Some(backends) = backends {
            let queue = RedisEventQueue::open(backends.redis)
                .await
                .map_err(|error| RunError::Queue(error.to_string()))?;
            let store = PgSignalStore::open(backends.postgres)
                .await
                .map_err(|error| RunError::Store(error.to_string()))?;
            store.ping().await.map_err(|error| RunError::Store(error.to_string()))?;
            return Ok(Self {
                store: store.port(),
                queue: queue.port(),
                database: None,
                models: Mutex::default(),
            });
        }
        let data = SqliteConfig {
            max_backlog: config.backends.max_backlog,
            claim_bound: config.backends.claim_bound.get(),
            ..SqliteConfig::new(&config.data)
        };
        let database = SqliteDatabase::open(data, Arc::new(SystemClock))
            .await
            .map_err(|source| RunError::Data { path: config.data.clone(), source })?;
        Ok(Self {
            store: database.store(),
            queue: database.queue(),
            database: Some(database),
            models: Mutex::default(),
        })
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
            wait(&mut tries, of_store(&error)).await?;
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
                Err(error @ StoreError::Data { .. }) => return Err(of_store(&error)),
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
                Err(error) => wait(&mut tries, of_store(&error)).await?,
            }
        }
    }

    /// Queues events, to be scored as if they had just come.
    pub(super) async fn enqueue(&self, mut jobs: Vec<NewJob>) -> Result<(), String> {
        let mut tries = 0;
        while !jobs.is_empty() {
            match self.queue.enqueue(jobs.clone()).await {
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
