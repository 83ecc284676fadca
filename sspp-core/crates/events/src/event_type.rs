//! Names of event types and signal types: strings with constants for the well-known ones.

use std::borrow::Cow;

use super::ids::{IdFault, string_id};

string_id!(
    /// What happened, for instance `email_opened`. The scoring model says which types exist; a new one needs no code.
    ///
    /// ```
    /// use sspp_core::EventType;
    /// assert_eq!(EventType::new("email_opened").unwrap(), EventType::EMAIL_OPENED);
    /// assert!(EventType::new("webinar_attended").is_ok());
    /// ```
    EventType(Cow<'static, str>),
    100
);

impl EventType {
    /// An email was sent to the account.
    pub const EMAIL_SENT: Self = Self(Cow::Borrowed("email_sent"));
    /// An email was opened.
    pub const EMAIL_OPENED: Self = Self(Cow::Borrowed("email_opened"));
    /// A link in an email was clicked.
    pub const EMAIL_CLICKED: Self = Self(Cow::Borrowed("email_clicked"));
    /// A call was made to the account.
    pub const CALL_MADE: Self = Self(Cow::Borrowed("call_made"));
    /// A meeting was booked.
    pub const MEETING_BOOKED: Self = Self(Cow::Borrowed("meeting_booked"));
    /// A demo was completed.
    pub const DEMO_COMPLETED: Self = Self(Cow::Borrowed("demo_completed"));
}

string_id!(
    /// What an event tells about the account, for instance `high_intent`. The scoring model maps event types to it.
    ///
    /// ```
    /// use sspp_core::SignalType;
    /// assert_eq!(SignalType::HIGH_INTENT.as_str(), "high_intent");
    /// ```
    SignalType(Cow<'static, str>),
    100
);

impl SignalType {
    /// We reached out to them.
    pub const OUTREACH: Self = Self(Cow::Borrowed("outreach"));
    /// They reacted.
    pub const ENGAGEMENT: Self = Self(Cow::Borrowed("engagement"));
    /// They reacted strongly.
    pub const HIGH_ENGAGEMENT: Self = Self(Cow::Borrowed("high_engagement"));
    /// They mean to buy.
    pub const INTENT: Self = Self(Cow::Borrowed("intent"));
    /// They mean to buy soon.
    pub const HIGH_INTENT: Self = Self(Cow::Borrowed("high_intent"));
}
