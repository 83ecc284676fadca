//! Erasure: an account's or a user's events are removed, and do not come back.

use sha2::{Digest as _, Sha256};

use sspp_events::{AccountId, Event, Timestamp, UserId};

/// Whose events are erased.
///
/// ```
/// use sspp_core::{AccountId, Erasable};
/// let whom = Erasable::Account(AccountId::new("acc_1").unwrap());
/// assert_eq!((whom.kind(), whom.name()), ("account", "acc_1"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Erasable {
    /// An account, with all its users' events there.
    Account(AccountId),
    /// A user, in every account.
    User(UserId),
}

impl Erasable {
    /// `account` or `user`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::User(_) => "user",
        }
    }

    /// The account's or user's id.
    pub fn name(&self) -> &str {
        match self {
            Self::Account(id) => id.as_str(),
            Self::User(id) => id.as_str(),
        }
    }

    /// What remains of the id after the erasure.
    pub fn digest(&self) -> ErasureDigest {
        ErasureDigest::of(self.kind(), self.name())
    }

    /// What a store wrote down under [`kind`](Erasable::kind) and [`name`](Erasable::name); `None` for other texts.
    pub fn read(kind: &str, name: String) -> Option<Self> {
        match kind {
            "account" => AccountId::new(name).ok().map(Self::Account),
            "user" => UserId::new(name).ok().map(Self::User),
            _ => None,
        }
    }
}

/// The SHA-256 of an erased id, with its kind: recognises the id without keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErasureDigest {
    /// Whether it is of an account; else of a user.
    pub is_account: bool,
    /// The SHA-256 of the id in UTF-8.
    pub sha256: [u8; 32],
}

impl ErasureDigest {
    fn of(kind: &str, name: &str) -> Self {
        Self { is_account: kind == "account", sha256: Sha256::digest(name).into() }
    }

    /// The digests under which an event may be erased: its account's and its user's.
    pub fn of_event(event: &Event) -> [Self; 2] {
        [Self::of("account", event.account_id.as_str()), Self::of("user", event.user_id.as_str())]
    }

    /// `account` or `user`.
    pub const fn kind(&self) -> &'static str {
        if self.is_account { "account" } else { "user" }
    }
}

impl std::fmt::Display for ErasureDigest {
    /// The SHA-256 in hexadecimal digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An order to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Whose events.
    pub whom: Erasable,
    /// What is recorded later is kept only if it was received after this instant, by the queue's clock.
    pub up_to: Timestamp,
}

/// What one step of erasing removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Signals.
    pub signals: u32,
    /// Dead letters.
    pub dead_letters: u32,
}
