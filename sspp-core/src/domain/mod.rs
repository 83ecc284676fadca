//! The words of the field as types: ids, events, signals, scores, jobs and queries.

mod dead_letter;
mod dead_letter_query;
mod erasure;
mod event;
mod event_type;
mod ids;
mod instants;
mod job;
mod metadata;
mod query;
mod score;
mod signal;
mod timestamp;

pub use dead_letter::{DeadLetter, DeadLetterId, DeadLetterReason, NewDeadLetter};
pub use dead_letter_query::{DeadLetterCursor, DeadLetterFilter, DeadLetterQuery, NumberedDeadLetter};
pub use erasure::{Erasable, Erased, Erasure, ErasureDigest};
pub use event::{AcceptedEvent, Event, EventBuilder};
pub use event_type::{EventType, SignalType};
pub use ids::{AccountId, EventId, ExternalId, IdFault, IdFormFault, SignalId, Source, UserId};
pub use job::{JobState, QueueDepth, QueuedJob};
pub use metadata::{Metadata, MetadataFault};
pub use query::{
    Cursor, CursorFault, CursorKey, Horizon, Page, Position, SignalFilter, SignalQuery, SortBy, SortOrder,
    Total,
};
pub use score::{Score, ScoreFault, Units};
pub use signal::{ContentDigest, ModelDigest, ModelRecord, NewSignal, Signal, SignalStats};
pub use timestamp::{Timestamp, TimestampFault};
