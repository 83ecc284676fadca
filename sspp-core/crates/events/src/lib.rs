#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! | what | where |
//! |---|---|
//! | an event and its members | `event`, `event_type`, `ids`, `metadata`, `timestamp`, `instants` |
//! | from bytes to events: JSON, batches, `CloudEvents` | `validation` |
//! | which event types there are, as a scoring model says | `known_types` |
//! | exact numbers, digests | `score`, `digest` |
//! | text files and JSON lines | `text`, `one_line` |
//! | time, randomness, pauses between attempts | `clock`, `random`, `retry` |
//! | the sort orders of lists | `sort` |
//! | failpoints of fault tests | `faults` |

mod clock;
mod digest;
mod event;
mod event_type;
#[cfg(feature = "faults")]
#[doc(hidden)]
pub mod faults;
mod ids;
mod instants;
mod known_types;
mod metadata;
mod one_line;
mod random;
mod retry;
mod score;
mod sort;
mod text;
mod timestamp;
mod validation;

pub use clock::{Clock, ManualClock, SystemClock};
pub use digest::{ContentDigest, ModelDigest};
pub use event::{AcceptedEvent, Event, EventBuilder};
pub use event_type::{EventType, SignalType};
pub use ids::{AccountId, DeadLetterId, EventId, ExternalId, IdFault, IdFormFault, SignalId, Source, UserId};
pub use known_types::KnownTypes;
pub use metadata::{Metadata, MetadataFault};
pub use one_line::one_line;
pub use random::{Random, SeededRandom, SystemRandom};
pub use retry::RetryPolicy;
pub use score::{Score, ScoreFault, Units};
pub use sort::{SortBy, SortOrder};
pub use text::{TextFault, not_text, read_text, read_text_file, skip_byte_order_mark};
pub use timestamp::{Timestamp, TimestampFault};
pub use validation::{
    BatchFault, BatchFormat, CloudEventAttributes, ParseFault, Violation, Violations, is_json_media_type,
    parse_batch, parse_cloud_event, parse_cloud_event_data, parse_event, parse_unsent_event,
};
