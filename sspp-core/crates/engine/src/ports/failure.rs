//! What a failure means for the events of the failed call.

/// What a failure means for the events of the failed call.
///
/// ```
/// use sspp_core::{FailureClass, StoreError};
/// assert_eq!(StoreError::Timeout { after_ms: 5_000 }.class(), FailureClass::Infrastructure);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// The dependency is at fault: keep the events, spend no attempt, try again when it is back.
    Infrastructure,
    /// One event's content may be at fault: isolate it, then [prove it](crate::Signals::is_at_fault); the others continue.
    Data,
    /// It may be either: when it happens to one event again and again, which is [proven](crate::Signals::is_at_fault)
    /// to be at fault, that event has failed an attempt.
    Unclear,
}
