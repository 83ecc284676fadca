//! What reading an event must know of a scoring model.

use std::sync::Arc;

use crate::EventType;

/// The event types that there are. A scoring model is one; a list of types is another.
///
/// ```
/// use sspp_core::{EventType, KnownTypes};
/// let types = [EventType::CALL_MADE, EventType::EMAIL_SENT];
/// assert_eq!(types.known("call_made"), Some(&EventType::CALL_MADE));
/// assert_eq!(types.names(), ["call_made", "email_sent"]);
/// ```
pub trait KnownTypes {
    /// The event type of this name, if there is one.
    fn known(&self, name: &str) -> Option<&EventType>;

    /// The names of all, in the order in which messages list them.
    fn names(&self) -> Vec<&str>;
}

impl<const N: usize> KnownTypes for [EventType; N] {
    fn known(&self, name: &str) -> Option<&EventType> {
        self.iter().find(|known| known.as_str() == name)
    }

    fn names(&self) -> Vec<&str> {
        self.iter().map(EventType::as_str).collect()
    }
}

impl<T: KnownTypes + ?Sized> KnownTypes for Arc<T> {
    fn known(&self, name: &str) -> Option<&EventType> {
        T::known(self, name)
    }

    fn names(&self) -> Vec<&str> {
        T::names(self)
    }
}
