//! Scoring models beside the signals that name them.

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::dialect::PgDialect;
use crate::PgStore;
use sspp_engine::{Models, StoreError};
use sspp_events::ModelDigest;
use sspp_scoring::ModelRecord;
use sspp_sql::ModelRow;

#[async_trait]
impl Models for PgStore {
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        let model = model.clone();
        self.sessions
            .with(|connection| {
                async move {
                    sqlx::query(
                        "INSERT INTO models (digest, name, version, document) VALUES ($1, $2, $3, $4) \
                         ON CONFLICT DO NOTHING",
                    )
                    .bind(model.digest.as_bytes().as_slice())
                    .bind(model.name.as_str())
                    .bind(i64::from(model.version))
                    .bind(model.document.as_str())
                    .execute(connection)
                    .await?;
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        let rows = self.rows::<ModelRow>(sspp_sql::model::<PgDialect>(digest), None).await?;
        Ok(sspp_sql::one(rows)?)
    }
}
