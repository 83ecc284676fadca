//! What a payload says about itself, even where it is no envelope that this release can read.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::{Erasable, ErasureDigest};
use sspp_events::{AccountId, EventType, UserId};

/// What a dead letter's payload says it is about: by it letters are searched and erased. Whatever it does not say, or not
/// in a form that an event may have, is `None`.
///
/// ```
/// use sspp_core::Subject;
/// let subject = Subject::of_payload(br#"{"v":9,"kind":"event","accountId":"acc_1","eventType":7}"#);
/// assert_eq!(subject.account_id.unwrap().as_str(), "acc_1");
/// assert_eq!(subject.event_type, None);
/// assert_eq!(Subject::of_payload(b"\xff"), Subject::default());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The account.
    pub account_id: Option<AccountId>,
    /// The user.
    pub user_id: Option<UserId>,
    /// What happened.
    pub event_type: Option<EventType>,
}

impl Subject {
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
