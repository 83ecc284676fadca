//! What the writer knows of the store without asking the file.

use std::sync::Arc;

use sqlx::SqliteConnection;

use super::index::Indexed;
use crate::stamp::LastStamp;
use sspp_engine::ErasureDigest;
use sspp_engine::recording::Erasures;
use sspp_events::ModelDigest;
use sspp_sql::{StoredInstant as _, read_digest};

/// What the writer knows of the store. Put back with a failed transaction.
#[derive(Debug, Clone)]
pub(crate) struct StoreState {
    pub(super) last_id: i64,
    /// The last signal that the figures include.
    pub(super) counted_to: i64,
    /// Signals that were added and are not in the [index](super::index) yet.
    pub(crate) added: Vec<Indexed>,
    pub(super) dead_letters: i64,
    pub(super) erasures: Arc<Erasures>,
    pub(super) models: Arc<Vec<ModelDigest>>,
}

impl StoreState {
    /// Reads it from the file. Stamps go on after the last that the file knows.
    pub(crate) async fn load(connection: &mut SqliteConnection, stamps: &LastStamp) -> sqlx::Result<Self> {
        let (last_id, counted_to, dead_letters, last_stamp) = sqlx::query_as(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'signals'), 0), counted_to, dead_letters, \
             max(last_stamp, (SELECT coalesce(max(up_to), 0) FROM erasures)) FROM totals",
        )
        .fetch_one(&mut *connection)
        .await?;
        stamps.raise(last_stamp);
        let digests: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT digest FROM models").fetch_all(&mut *connection).await?;
        let models = digests.iter().filter_map(|digest| read_digest(digest).ok());
        let models = Arc::new(models.map(ModelDigest::from_bytes).collect());
        let erasures = erasures(connection).await?;
        Ok(Self { last_id, counted_to, added: Vec::new(), dead_letters, erasures, models })
    }
}

impl StoreState {
    /// Whether the figures lack signals.
    pub(crate) fn is_behind(&self) -> bool {
        self.counted_to < self.last_id
    }
}

/// Reads all erasures from the file.
async fn erasures(connection: &mut SqliteConnection) -> sqlx::Result<Arc<Erasures>> {
    let rows: Vec<(String, Vec<u8>, i64)> =
        sqlx::query_as("SELECT kind, digest, up_to FROM erasures").fetch_all(connection).await?;
    let mut erasures = Erasures::default();
    for (kind, digest, up_to) in rows {
        if let (Ok(sha256), Ok(up_to)) = (read_digest(&digest), up_to.timestamp()) {
            erasures.add(ErasureDigest { is_account: kind == "account", sha256 }, up_to);
        }
    }
    Ok(Arc::new(erasures))
}
