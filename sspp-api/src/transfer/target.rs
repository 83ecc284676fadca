//! Where imported signals go: the store and the queue that the service would use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sspp_core::{
    Event, EventQueue, Intake, ModelDigest, ModelRecord, PgConfig, QueueError, Record, Recorded, RedisConfig,
    RedisEventQueue, SqliteConfig, Store, StoreError, SystemClock, SystemRandom,
};
use sspp_runtime::{
    Adapters, BackendArgs, Backends, ConfigError, RunError, StoreArgs, open_file, open_postgres,
};
use tokio::time::Instant;

use super::TransferError;
use super::progress::say;
use crate::config::{DataArgs, full_path};

/// How often a call that failed is made again, and how long is waited in between.
const TRIES: u32 = 15;
const PAUSE: Duration = Duration::from_secs(2);

/// Where it goes: checked, but not yet opened.
#[derive(Debug)]
pub(super) enum Place {
    File(SqliteConfig),
    /// Events have a queue of their own; a store alone takes none.
    Servers(Option<RedisConfig>, PgConfig),
}

impl Place {
    /// The store and the queue that are configured.
    pub(super) fn of(data: &DataArgs, backends: &BackendArgs) -> Result<Self, ConfigError> {
        let found = data.check_beside(backends.resolve()?, &backends.store.database)?;
        if let Some(Backends { redis, postgres, .. }) = found {
            return Ok(Self::Servers(Some(redis), postgres));
        }
        let max_backlog = backends.queue.max_backlog;
        Ok(Self::File(SqliteConfig { max_backlog, ..SqliteConfig::new(data.path()) }))
    }

    /// The store alone.
    pub(super) fn of_store(data: &DataArgs, store: &StoreArgs) -> Result<Self, ConfigError> {
        let found = data.check_beside(store.resolve()?, &store.database)?;
        Ok(found.map_or_else(
            || Self::File(SqliteConfig::new(data.path())),
            |postgres| Self::Servers(None, postgres),
        ))
    }
}

#[derive(Debug)]
pub(super) struct Target {
    store: Arc<dyn Store>,
    /// The way in for events, where there is a queue.
    intake: Option<Intake>,
    file: Option<Adapters>,
    /// What was kept: to be kept again, should the store be restored meanwhile from a backup that lacks it.
    models: Mutex<HashMap<ModelDigest, ModelRecord>>,
}

impl Target {
    /// Opens it. The SQLite file has one owner: a service that runs has to be stopped before. Servers have to be there, so that
    /// a wrong setting is reported at once.
    pub(super) async fn open(place: Place) -> Result<Self, TransferError> {
        let models = Mutex::default();
        let (redis, postgres) = match place {
            Place::File(config) => {
                let path = config.path.clone();
                let file = open_file(config, Arc::new(SystemClock)).await?;
                say(&format!("into the data file {}", full_path(&path).display()));
                let (store, intake) = (Arc::clone(&file.store), Some(intake(Arc::clone(&file.queue))));
                return Ok(Self { store, intake, file: Some(file), models });
            }
            Place::Servers(redis, postgres) => (redis, postgres),
        };
        let named = postgres.place().map_err(RunError::from)?;
        let store = open_postgres(postgres).await?;
        store.port().ping().await?;
        let intake = match redis {
            Some(redis) => Some(intake(queue(redis).await?)),
            None => None,
        };
        say(&format!("into {named}"));
        Ok(Self { store: store.port(), intake, file: None, models })
    }

    pub(super) async fn close(self) {
        if let Some(file) = self.file {
            file.close(Instant::now()).await;
        }
    }

    pub(super) async fn keep_model(&self, model: &ModelRecord) -> Result<(), String> {
        self.models().insert(model.digest, model.clone());
        let mut tries = 0;
        while let Err(error) = self.store.put_model(model).await {
            wait_for_store(&mut tries, &error).await?;
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
                Err(error) => wait_for_store(&mut tries, &error).await?,
            }
        }
    }

    /// Puts events in, to be scored as if they had just come. Each has an id of its own, so one that is given twice counts once.
    pub(super) async fn accept(&self, mut events: Vec<Event>) -> Result<(), String> {
        let Some(intake) = &self.intake else { return Ok(()) };
        let mut tries = 0;
        while !events.is_empty() {
            match intake.accept(events.iter().cloned(), None).await {
                Ok(verdicts) => {
                    let mut verdicts = verdicts.into_iter();
                    events.retain(|_| {
                        verdicts.next().is_some_and(|verdict| verdict.admission.retry_after().is_some())
                    });
                    if !events.is_empty() {
                        wait(&mut tries, "the queue is full".to_owned()).await?;
                    }
                }
                Err(error @ (QueueError::Closed | QueueError::Corrupt { .. })) => {
                    return Err(error.to_string());
                }
                Err(error) => wait(&mut tries, error.to_string()).await?,
            }
        }
        Ok(())
    }
}

fn intake(queue: Arc<dyn EventQueue>) -> Intake {
    Intake::new(queue, Arc::new(SystemClock), Arc::new(SystemRandom::new()))
}

/// The queue on Redis, where it answers; one that is full gets room.
async fn queue(config: RedisConfig) -> Result<Arc<dyn EventQueue>, TransferError> {
    let queue = RedisEventQueue::open(config).await.map_err(RunError::from)?;
    match queue.ping().await {
        Ok(()) | Err(QueueError::Full { .. }) => Ok(queue.port()),
        Err(error) => Err(error.into()),
    }
}

/// Waits for a store that may do better in a moment.
async fn wait_for_store(tries: &mut u32, error: &StoreError) -> Result<(), String> {
    use StoreError::{Contention, Storage, Timeout, Unavailable};
    match error {
        Unavailable { .. } | Timeout { .. } | Contention { .. } | Storage { .. } => {
            wait(tries, error.to_string()).await
        }
        error => Err(error.to_string()),
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
