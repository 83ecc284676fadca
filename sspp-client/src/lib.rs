//! The SDK of SSPP, the Sales Signal Processing Platform, for programs that produce events.
//!
//! In this release it holds the types a producer needs to build events and to find every mistake in them before
//! anything is sent. The client that sends them over HTTP, gathers them into batches and tries again comes with a later
//! release; until then any HTTP client will do: `POST /api/v1/events` takes one event as JSON.
//!
//! ```
//! use sspp_client::Event;
//!
//! let event = Event::builder("acc_1", "user_1", "demo_completed", "2024-12-21T10:00:00Z")
//!     .metadata(r#"{"interactionCount": 5}"#)
//!     .event_id("crm-4711") // a retry under the same id counts once
//!     .build()?;
//! assert_eq!(event.account_id.as_str(), "acc_1");
//! # Ok::<(), sspp_client::Violations>(())
//! ```
//!
//! A refused event names everything that is wrong with it, member by member:
//!
//! ```
//! use sspp_client::Event;
//!
//! let violations = Event::builder("", "user_1", "demo_completed", "yesterday").build().unwrap_err();
//! let pointers: Vec<_> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
//! assert_eq!(pointers, ["/accountId", "/timestamp"]);
//! ```

#[cfg(feature = "spool")]
pub mod spool;

pub use sspp_core::{
    AccountId, Event, EventBuilder, EventId, EventType, ExternalId, IdFault, Metadata, MetadataFault, Source,
    Timestamp, TimestampFault, UserId, Violation, Violations,
};
