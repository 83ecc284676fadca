//! Identifiers: strings a producer chose, and the UUID every event is known by.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ContentDigest, Random};

/// Why a string is not an identifier or a name.
///
/// ```
/// use sspp_core::{AccountId, IdFault};
/// assert_eq!(AccountId::new(""), Err(IdFault::Empty));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdFault {
    /// The string is empty.
    #[error("should not be empty")]
    Empty,
    /// The string has more characters than the type allows.
    #[error("must be shorter than or equal to {max} characters")]
    TooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// The string holds a control character, for instance NUL or a line break.
    #[error("must not contain control characters")]
    ControlCharacter,
}

/// Why a text is not the id of an event, dead letter or signal.
///
/// ```
/// use sspp_core::{EventId, SignalId};
/// let fault = "acc_1".parse::<EventId>().unwrap_err();
/// assert_eq!(fault.to_string(), "must be a UUID, such as 0197d3c5-5c00-7000-8000-000000000001");
/// assert_eq!("acc_1".parse::<SignalId>().unwrap_err().to_string(), "must be a whole number, such as 42");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdFormFault {
    /// Ids of events and dead letters are UUIDs.
    #[error("must be a UUID, such as 0197d3c5-5c00-7000-8000-000000000001")]
    Uuid,
    /// Ids of signals are numbers.
    #[error("must be a whole number, such as 42")]
    Number,
}

pub(crate) fn check(text: &str, max: usize) -> Result<(), IdFault> {
    if text.is_empty() {
        return Err(IdFault::Empty);
    }
    // A character has at least one byte: short texts need no count.
    if text.len() > max && text.chars().count() > max {
        return Err(IdFault::TooLong { max });
    }
    if text.chars().any(char::is_control) {
        return Err(IdFault::ControlCharacter);
    }
    Ok(())
}

/// A checked string, held as a type that suits it.
macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident($held:ty), $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name($held);

        impl $name {
            /// The most characters such an identifier may have.
            pub const MAX_CHARS: usize = $max;

            /// Checks and wraps a string: 1 to [`Self::MAX_CHARS`] characters, none of them a control character.
            pub fn new(text: impl Into<String>) -> Result<Self, IdFault> {
                let text = text.into();
                $crate::ids::check(&text, Self::MAX_CHARS)?;
                Ok(Self(text.into()))
            }

            /// The identifier as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdFault;
            fn try_from(text: String) -> Result<Self, IdFault> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdFault;
            fn from_str(text: &str) -> Result<Self, IdFault> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    };
}

pub(crate) use string_id;

string_id!(
    /// The customer account an event is about, as the producer names it.
    ///
    /// ```
    /// use sspp_core::AccountId;
    /// assert_eq!(AccountId::new("acc_1").unwrap().as_str(), "acc_1");
    /// assert!(AccountId::new("a\u{0}b").is_err());
    /// assert!(AccountId::new("x".repeat(256)).is_err());
    /// ```
    AccountId(Box<str>),
    255
);

string_id!(
    /// The person at the account whom an event is about, as the producer names them.
    ///
    /// ```
    /// use sspp_core::UserId;
    /// assert_eq!(UserId::new("user_1").unwrap().to_string(), "user_1");
    /// ```
    UserId(Box<str>),
    255
);

string_id!(
    /// The system an event comes from, for instance `crm` or `mailer`. Scopes the event ids of its producer.
    ///
    /// ```
    /// use sspp_core::Source;
    /// assert_eq!(Source::new("crm").unwrap().as_str(), "crm");
    /// ```
    Source(Box<str>),
    255
);

string_id!(
    /// An event id as the producer wrote it: any string of up to 100 characters.
    ///
    /// [`EventId::of_external`] turns it into the UUID that SSPP knows the event by.
    ///
    /// ```
    /// use sspp_core::ExternalId;
    /// assert!(ExternalId::new("order-4711").is_ok());
    /// assert!(ExternalId::new("x".repeat(101)).is_err());
    /// ```
    ExternalId(Box<str>),
    100
);

/// An id of one form, as texts and JSON have it.
macro_rules! id_form {
    ($(#[$doc:meta])* $name:ident($held:ty), $wrap:ident, $get:ident, $form:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name($held);

        impl $name {
            /// Wraps what a store or a caller gave; an id that nothing has is simply not found.
            pub const fn $wrap(id: $held) -> Self {
                Self(id)
            }

            /// What was wrapped.
            pub const fn $get(self) -> $held {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdFormFault;
            fn from_str(text: &str) -> Result<Self, IdFormFault> {
                text.parse().map(Self).map_err(|_| IdFormFault::$form)
            }
        }
    };
}

id_form!(
    /// The UUID an event is known by, from intake to signal: what makes it count once.
    ///
    /// ```
    /// use sspp_core::EventId;
    /// let id: EventId = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
    /// assert_eq!(id.to_string(), "0197d3c5-5c00-7000-8000-000000000001");
    /// ```
    EventId(Uuid), from_uuid, as_uuid, Uuid
);

/// The UUID namespace of event ids made from producers' strings. Fixed for ever: changing it would count
/// retries twice.
const EVENT_NAMESPACE: Uuid = Uuid::from_u128(0x5353_5050_0000_5000_8000_4556_454e_5401);

impl EventId {
    /// Makes a new id (UUID version 7) for an event that arrived without one.
    ///
    /// ```
    /// use sspp_core::{Clock, EventId, SystemClock, SystemRandom};
    /// let id = EventId::generate(SystemClock.now(), &SystemRandom::new());
    /// assert_eq!(id.as_uuid().get_version_num(), 7);
    /// ```
    pub fn generate(now: DateTime<Utc>, random: &dyn Random) -> Self {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let mut bytes = [0_u8; 10];
        bytes[..8].copy_from_slice(&random.next_u64().to_le_bytes());
        bytes[8..].copy_from_slice(&random.next_u64().to_le_bytes()[..2]);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    /// The id that a producer's string stands for.
    ///
    /// A hyphenated UUID is kept. Any other string becomes a UUID version 5 over source (or nothing), U+001F,
    /// account id, U+001F and the string, so that two producers' `"1"` are two events and the same producer's
    /// retry is the same event.
    ///
    /// ```
    /// use sspp_core::{AccountId, EventId, ExternalId};
    /// let one = ExternalId::new("1").unwrap();
    /// let (a, b) = (AccountId::new("a").unwrap(), AccountId::new("b").unwrap());
    /// assert_eq!(EventId::of_external(&one, None, &a), EventId::of_external(&one, None, &a));
    /// assert_ne!(EventId::of_external(&one, None, &a), EventId::of_external(&one, None, &b));
    /// ```
    pub fn of_external(id: &ExternalId, source: Option<&Source>, account: &AccountId) -> Self {
        if let Some(uuid) = hyphenated(id.as_str()) {
            return Self(uuid);
        }
        let name = format!("{}\u{1f}{account}\u{1f}{id}", source.map_or("", Source::as_str));
        Self(Uuid::new_v5(&EVENT_NAMESPACE, name.as_bytes()))
    }
}

fn hyphenated(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

id_form!(
    /// The number of a stored signal: positive, and growing in the order the store took them.
    ///
    /// ```
    /// use sspp_core::SignalId;
    /// assert_eq!(SignalId::new(7).get(), 7);
    /// ```
    SignalId(i64), new, get, Number
);

id_form!(
    /// What a dead letter is known by.
    ///
    /// The letter of an event has the event's id. A letter about *another* content under a taken event id has an id of
    /// its own, made from both, so that recording it again changes nothing.
    ///
    /// ```
    /// use sspp_core::{DeadLetterId, EventId};
    /// let event: EventId = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
    /// assert_eq!(DeadLetterId::of_event(event).as_uuid(), event.as_uuid());
    /// ```
    DeadLetterId(Uuid), from_uuid, as_uuid, Uuid
);

impl DeadLetterId {
    /// The id of an event's own dead letter.
    pub const fn of_event(event: EventId) -> Self {
        Self(event.as_uuid())
    }

    /// The id of the letter about `content` that came under the id of another event.
    pub fn of_conflict(event: EventId, content: ContentDigest) -> Self {
        Self(Uuid::new_v5(&event.as_uuid(), content.as_bytes()))
    }
}
