//! The port to scoring models.

use async_trait::async_trait;

use super::StoreError;
use sspp_events::ModelDigest;
use sspp_scoring::ModelRecord;

/// Scoring models by their digest.
#[async_trait]
pub trait Models: Send + Sync + std::fmt::Debug {
    /// Keeps a scoring model under its digest; a known digest changes nothing.
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError>;

    /// A scoring model by its digest.
    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError>;
}
