//! What the tables have of the events of a batch.

use crate::rows::{Corrupt, StoredId, read_digest};
use sspp_engine::recording::{Found, KnownLetter, KnownSignal};
use sspp_events::{ContentDigest, DeadLetterId, EventId, SignalId};

/// Event, number and content of a signal; or the id, nothing, content and payload of a dead letter.
pub type FoundRow<Id> = (Id, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>);

/// Adds rows to what was found.
pub fn add_found<Id: StoredId>(found: &mut Found, rows: Vec<FoundRow<Id>>) -> Result<(), Corrupt> {
    for (id, number, content, payload) in rows {
        let id = id.uuid()?;
        let content = content.as_deref().map(read_digest).transpose()?.map(ContentDigest::from_bytes);
        if let (Some(number), Some(content)) = (number, content) {
            let signal = KnownSignal { id: SignalId::new(number), content };
            found.signals.insert(EventId::from_uuid(id), signal);
        } else {
            let letter = KnownLetter { content, payload: payload.unwrap_or_default().into() };
            found.letters.insert(DeadLetterId::from_uuid(id), letter);
        }
    }
    Ok(())
}
