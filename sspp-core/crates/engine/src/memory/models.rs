//! Scoring models in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{Models, StoreError};
use sspp_events::ModelDigest;
use sspp_scoring::ModelRecord;

#[async_trait]
impl Models for MemoryStore {
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        self.state().models.entry(model.digest).or_insert_with(|| model.clone());
        Ok(())
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        Ok(self.state().models.get(&digest).cloned())
    }
}
