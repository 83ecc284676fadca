//! Where imported signals and events go: the store, and the intake that the service would use.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sspp_core::{
    DirectConfig, Event, Intake, IntakeError, IntakeOutcome, ModelDigest, ModelRecord, QueueError, Record,
    Recorded, ScoringModel, StoreError, SystemClock, SystemRandom,
};
use sspp_runtime::{Adapters, BackendArgs, Backends, ConfigError, RunError, StoreArgs, open};
use tokio::time::Instant;

use super::TransferError;
use super::progress::say;
use crate::config::{DataArgs, full_path};

/// How often a call that failed is made again, and how long is waited in between.
const TRIES: u32 = 15;
const PAUSE: Duration = Duration::from_secs(2);
/// How long connections may take to end.
const CLOSING: Duration = Duration::from_secs(1);

/// Where it goes: checked, but not yet opened.
#[derive(Debug)]
pub(super) struct Place {
    backends: Backends,
    /// The file, where no server is named.
    data: PathBuf,
}

impl Place {
    /// What the service would use.
    pub(super) fn of(data: &DataArgs, backends: &BackendArgs) -> Result<Self, ConfigError> {
        let found = data.check_beside(backends.resolve()?, &backends.store.database)?;
        Ok(Self { backends: found, data: data.path().to_owned() })
    }

    /// The store alone.
    pub(super) fn of_store(data: &DataArgs, store: &StoreArgs) -> Result<Self, ConfigError> {
        let found = store.resolve()?.map_or(Backends::Sqlite, Backends::Postgres);
        let found = data.check_beside(found, &store.database)?;
        Ok(Self { backends: found, data: data.path().to_owned() })
    }
}

#[derive(Debug)]
pub(super) struct Target {
    adapters: Adapters,
    intake: Intake,
    /// What was kept: to be kept again, should the store be restored meanwhile from a backup that lacks it.
    models: Mutex<HashMap<ModelDigest, ModelRecord>>,
}

impl Target {
    /// Opens it; events are scored by the model where there is no queue. The SQLite file has one owner: a service that runs has
    /// to be stopped before. Servers have to be there, so that a wrong setting is reported at once.
    pub(super) async fn open(
        Place { backends, data }: Place,
        model: Arc<ScoringModel>,
    ) -> Result<Self, TransferError> {
        let named = match &backends {
            Backends::Sqlite => None,
            Backends::Postgres(postgres) | Backends::RedisAndPostgres(_, postgres) => {
                Some(postgres.place().map_err(RunError::from)?)
            }
        };
        let clock = Arc::new(SystemClock);
        let adapters = open(backends, &data, clock.clone()).await?;
        let (store, random) = (&adapters.store, Arc::new(SystemRandom::new()));
        store.ping().await?;
        let intake = if let Some(queue) = &adapters.queue {
            match queue.ping().await {
                // A full one gets room.
                Ok(()) | Err(QueueError::Full { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            Intake::queued(Arc::clone(queue), clock, random)
        } else {
            Intake::direct(store.clone(), store.clone(), model, clock, random, DirectConfig::default())
        };
        say(&format!(
            "into {}",
            named.unwrap_or_else(|| format!("the data file {}", full_path(&data).display()))
        ));
        Ok(Self { adapters, intake, models: Mutex::default() })
    }

    pub(super) async fn close(self) {
        self.adapters.close(Instant::now() + CLOSING).await;
    }

    pub(super) async fn keep_model(&self, model: &ModelRecord) -> Result<(), String> {
        self.models().insert(model.digest, model.clone());
        let mut tries = 0;
        while let Err(error) = self.adapters.store.put_model(model).await {
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
            match self.adapters.store.import(batch.clone()).await {
                Ok(answers) => return Ok(answers),
                Err(StoreError::MissingModel { digest }) => {
                    let Some(model) = self.models().get(&digest).cloned() else {
                        return Err(format!(
                            "a signal names the scoring model {digest}, which is neither in the store nor in an earlier line; import the model first"
                        ));
                    };
                    wait(&mut tries, format!("the store lost the scoring model {digest}")).await?;
                    self.keep_model(&model).await?;
                }
                Err(error) => wait_for_store(&mut tries, &error).await?,
            }
        }
    }

    /// Puts events in, as if they had just come, and says what became of them. Each has an id of its own, so one that is given
    /// twice counts once.
    pub(super) async fn accept(&self, mut events: Vec<Event>) -> Result<Vec<IntakeOutcome>, String> {
        let (mut tries, mut taken) = (0, Vec::with_capacity(events.len()));
        while !events.is_empty() {
            match self.intake.accept(events.iter().cloned(), None).await {
                Ok(verdicts) => {
                    let mut outcomes = verdicts.into_iter().map(|verdict| verdict.outcome);
                    events.retain(|_| match outcomes.next() {
                        Some(outcome) if outcome.retry_after().is_none() => {
                            taken.push(outcome);
                            false
                        }
                        _ => true,
                    });
                    if !events.is_empty() {
                        wait(&mut tries, "not every event was accepted".to_owned()).await?;
                    }
                }
                Err(IntakeError::Store(error)) => wait_for_store(&mut tries, &error).await?,
                Err(IntakeError::Queue(error @ (QueueError::Closed | QueueError::Corrupt { .. }))) => {
                    return Err(error.to_string());
                }
                Err(IntakeError::Queue(error)) => wait(&mut tries, error.to_string()).await?,
            }
        }
        Ok(taken)
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
