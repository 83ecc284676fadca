//! Scoring models beside the signals that name them.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::dialect::SqliteDialect;
use super::state::StoreState;
use crate::SqliteStore;
use crate::command::Command;
use crate::failure::Failure;
use sspp_engine::{Models, Record, StoreError};
use sspp_events::ModelDigest;
use sspp_scoring::ModelRecord;
use sspp_sql::ModelRow;

#[async_trait]
impl Models for SqliteStore {
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        self.writer.ask(Command::PutModel, model.clone()).await
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        let rows = self.rows::<ModelRow>(sspp_sql::model::<SqliteDialect>(digest)).await?;
        Ok(sspp_sql::one(rows)?)
    }
}

/// Keeps a model; a known digest changes nothing.
pub(crate) async fn put_model(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    model: &ModelRecord,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO models (digest, name, version, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(model.digest.as_bytes().as_slice())
    .bind(model.name.as_str())
    .bind(i64::from(model.version))
    .bind(model.document.as_str())
    .execute(connection)
    .await?;
    if !state.models.contains(&model.digest) {
        Arc::make_mut(&mut state.models).push(model.digest);
    }
    Ok(())
}

/// A model of a batch's signals that is not there.
pub(super) fn missing_model(state: &StoreState, batch: &[Record]) -> Option<ModelDigest> {
    sspp_engine::recording::models(batch).into_iter().find(|model| !state.models.contains(model))
}
