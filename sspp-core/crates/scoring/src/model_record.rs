//! A scoring model as a store keeps it.

use sspp_events::ModelDigest;

/// A scoring model as the store keeps it: the document by its digest.
///
/// ```
/// use sspp_core::ScoringModel;
/// let record = ScoringModel::embedded_default().to_record();
/// assert_eq!(record.name, "default");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRecord {
    /// SHA-256 of `document`.
    pub digest: ModelDigest,
    /// The document's name.
    pub name: String,
    /// The document's version.
    pub version: u32,
    /// The document as canonical JSON.
    pub document: String,
}
