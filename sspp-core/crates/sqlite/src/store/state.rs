//! What the writer knows of the store without asking the file.

use std::sync::Arc;

use sqlx::SqliteConnection;

use crate::queue_rows::read_instant;
use sspp_engine::ErasureDigest;
use sspp_engine::recording::Erasures;

/// What the writer knows of the store. Put back with a failed transaction.
#[derive(Debug, Clone)]
pub(crate) struct StoreState {
    pub(super) last_id: i64,
    pub(super) dead_letters: i64,
    pub(super) erasures: Arc<Erasures>,
}

impl StoreState {
    /// Reads it from the file.
    pub(crate) async fn load(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let (last_id, dead_letters) = sqlx::query_as(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'signals'), 0), dead_letters FROM totals",
        )
        .fetch_one(&mut *connection)
        .await?;
        let erasures = erasures(connection).await?;
        Ok(Self { last_id, dead_letters, erasures })
    }
}

/// Reads all erasures from the file.
async fn erasures(connection: &mut SqliteConnection) -> sqlx::Result<Arc<Erasures>> {
    let rows: Vec<(String, Vec<u8>, i64)> =
        sqlx::query_as("SELECT kind, digest, up_to FROM erasures").fetch_all(connection).await?;
    let mut erasures = Erasures::default();
    for (kind, digest, up_to) in rows {
        if let (Ok(sha256), Ok(up_to)) = (digest.try_into(), read_instant(up_to)) {
            erasures.add(ErasureDigest { is_account: kind == "account", sha256 }, up_to);
        }
    }
    Ok(Arc::new(erasures))
}
