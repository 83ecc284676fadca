//! Scoring models beside the signals that name them.

use sqlx::SqliteConnection;

use super::failure::Failure;
use sspp_engine::Record;
use sspp_events::ModelDigest;
use sspp_scoring::ModelRecord;

/// Keeps a model; a known digest changes nothing.
pub(super) async fn put_model(connection: &mut SqliteConnection, model: &ModelRecord) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO models (digest, name, version, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(model.digest.as_bytes().as_slice())
    .bind(model.name.as_str())
    .bind(i64::from(model.version))
    .bind(model.document.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// A model of a batch's signals that is not there.
pub(super) async fn missing_model(
    connection: &mut SqliteConnection,
    batch: &[Record],
) -> Result<Option<ModelDigest>, Failure> {
    let mut models: Vec<ModelDigest> = Vec::new();
    for record in batch {
        if let Record::Signal { signal, .. } = record
            && !models.contains(&signal.model)
        {
            models.push(signal.model);
        }
    }
    for model in models {
        let kept: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM models WHERE digest = ?)")
            .bind(model.as_bytes().as_slice())
            .fetch_one(&mut *connection)
            .await?;
        if !kept {
            return Ok(Some(model));
        }
    }
    Ok(None)
}
