//! Names of event types and signal types: strings with constants for the well-known ones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::IdFault;

macro_rules! type_name {
    ($(#[$doc:meta])* $name:ident { $($(#[$cdoc:meta])* $constant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            $($(#[$cdoc])* pub const $constant: Self = Self(std::borrow::Cow::Borrowed($text));)*

            /// The most characters such a name may have.
            pub const MAX_CHARS: usize = 100;

            /// Checks and wraps a name: 1 to 100 characters, none of them a control character.
            pub fn new(text: impl Into<String>) -> Result<Self, IdFault> {
                let text = text.into();
                if text.is_empty() {
                    return Err(IdFault::Empty);
                }
                if text.chars().count() > Self::MAX_CHARS {
                    return Err(IdFault::TooLong { max: Self::MAX_CHARS });
                }
                if text.chars().any(char::is_control) {
                    return Err(IdFault::ControlCharacter);
                }
                Ok(Self(text.into()))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

        impl FromStr for $name {
            type Err = IdFault;
            fn from_str(text: &str) -> Result<Self, IdFault> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into_owned()
            }
        }
    };
}

type_name!(
    /// What happened, for instance `email_opened`. The scoring model says which types exist; a new one needs no code.
    ///
    /// ```
    /// use sspp_core::EventType;
    /// assert_eq!(EventType::new("email_opened").unwrap(), EventType::EMAIL_OPENED);
    /// assert!(EventType::new("webinar_attended").is_ok());
    /// ```
    EventType {
        /// An email was sent to the account.
        EMAIL_SENT = "email_sent",
        /// An email was opened.
        EMAIL_OPENED = "email_opened",
        /// A link in an email was clicked.
        EMAIL_CLICKED = "email_clicked",
        /// A call was made to the account.
        CALL_MADE = "call_made",
        /// A meeting was booked.
        MEETING_BOOKED = "meeting_booked",
        /// A demo was completed.
        DEMO_COMPLETED = "demo_completed",
    }
);

type_name!(
    /// What an event tells about the account, for instance `high_intent`. The scoring model maps event types to it.
    ///
    /// ```
    /// use sspp_core::SignalType;
    /// assert_eq!(SignalType::HIGH_INTENT.as_str(), "high_intent");
    /// ```
    SignalType {
        /// We reached out to them.
        OUTREACH = "outreach",
        /// They reacted.
        ENGAGEMENT = "engagement",
        /// They reacted strongly.
        HIGH_ENGAGEMENT = "high_engagement",
        /// They mean to buy.
        INTENT = "intent",
        /// They mean to buy soon.
        HIGH_INTENT = "high_intent",
    }
);
