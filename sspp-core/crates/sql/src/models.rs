//! Scoring models: the statement that reads one, and its row.

use sqlx::QueryBuilder;

use crate::dialect::{Dialect, Value};
use crate::row;
use crate::rows::{Corrupt, Row, read_count, read_digest};
use sspp_events::ModelDigest;
use sspp_scoring::ModelRecord;

row! {
    /// A row of models.
    #[derive(Debug)]
    pub struct ModelRow {
        digest: Vec<u8>,
        name: String,
        version: i64,
        document: String,
    }
}

impl Row for ModelRow {
    type Item = ModelRecord;

    fn read(self) -> Result<ModelRecord, Corrupt> {
        Ok(ModelRecord {
            digest: ModelDigest::from_bytes(read_digest(&self.digest)?),
            name: self.name,
            version: read_count(self.version)?,
            document: self.document,
        })
    }
}

/// The model of a digest.
pub fn model<D: Dialect>(digest: ModelDigest) -> QueryBuilder<D::Database> {
    let mut sql = QueryBuilder::new("SELECT digest, name, version, document FROM models WHERE digest = ");
    D::bind(&mut sql, Value::Digest(digest.as_bytes()));
    sql
}
