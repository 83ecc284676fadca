//! The account, user and event type that a payload names, also where this release cannot read its envelope.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::{Erasable, ErasureDigest};
use sspp_events::{AccountId, EventType, UserId};

/// The account, user and event type in a dead letter's payload: letters are searched and erased by them. A member that is
/// missing, or not valid in an event, is `None`.
///
/// ```
/// use sspp_core::PayloadFacts;
/// let facts = PayloadFacts::of_payload(br#"{"v":9,"kind":"event","accountId":"acc_1","eventType":7}"#);
/// assert_eq!(facts.account_id.unwrap().as_str(), "acc_1");
/// assert_eq!(facts.event_type, None);
/// assert_eq!(PayloadFacts::of_payload(b"\xff"), PayloadFacts::default());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayloadFacts {
    /// The account.
    pub account_id: Option<AccountId>,
    /// The user.
    pub user_id: Option<UserId>,
    /// What happened.
    pub event_type: Option<EventType>,
}

impl PayloadFacts {
    /// Reads the members of a JSON object, each by itself.
    pub fn of_payload(payload: &[u8]) -> Self {
        let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(payload).unwrap_or_default();
        let text = |name: &str| -> Option<String> {
            members.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
        };
        Self {
            account_id: text("accountId").and_then(|id| AccountId::new(id).ok()),
            user_id: text("userId").and_then(|id| UserId::new(id).ok()),
            event_type: text("eventType").and_then(|name| EventType::new(name).ok()),
        }
    }

    /// The digests under which it may have been erased.
    pub fn erasure_digests(&self) -> Vec<ErasureDigest> {
        let account = self.account_id.clone().map(Erasable::Account);
        let user = self.user_id.clone().map(Erasable::User);
        account.iter().chain(&user).map(Erasable::digest).collect()
    }
}
