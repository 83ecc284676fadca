//! SHA-256 digests by which a scoring model, and what an event says, are known.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Event, Source};

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let wrong = || format!("'{text}' is not a SHA-256 digest of 64 hexadecimal digits");
                if text.len() != 64 || !text.is_ascii() {
                    return Err(wrong());
                }
                let mut bytes = [0_u8; 32];
                for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
                    *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
                }
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.to_string()
            }
        }
    };
}

digest!(
    /// The SHA-256 of a scoring model's canonical JSON: what a model is known by.
    ///
    /// ```
    /// use sspp_core::ModelDigest;
    /// let digest: ModelDigest = "ab".repeat(32).parse().unwrap();
    /// assert_eq!(digest.as_bytes()[0], 0xab);
    /// assert!("ab".parse::<ModelDigest>().is_err());
    /// ```
    ModelDigest
);

digest!(
    /// The SHA-256 of what an event says: tells a retry from another event under the same id.
    ///
    /// ```
    /// use sspp_core::{ContentDigest, Event};
    /// let event = |user| Event::builder("a", user, "call_made", "2024-12-21").build().unwrap();
    /// assert_eq!(ContentDigest::of(&event("u")), ContentDigest::of(&event("u")));
    /// assert_ne!(ContentDigest::of(&event("u")), ContentDigest::of(&event("v")));
    /// ```
    ContentDigest
);

impl ContentDigest {
    /// Digests source, account, user, type, timestamp and metadata, each with its length before it.
    pub fn of(event: &Event) -> Self {
        let mut hash = Sha256::new();
        let micros = event.timestamp.micros().to_be_bytes();
        let source = event.source.as_ref().map_or("", Source::as_str);
        let parts = [
            source.as_bytes(),
            event.account_id.as_str().as_bytes(),
            event.user_id.as_str().as_bytes(),
            event.event_type.as_str().as_bytes(),
            &micros,
            event.metadata.as_str().as_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}
