//! Words of the server as enums that a newer server does not break.

/// Defines an enum of the words that this release knows, and `Other` for every other word.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$word])* $variant,)*
            /// A word of a newer server, as it wrote it.
            Other(String),
        }

        impl $name {
            /// The word as the API writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($text => Self::$variant,)*
                    word => Self::Other(word.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                word.as_str().into()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                match word {
                    $name::Other(word) => word,
                    known => known.as_str().to_owned(),
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    )*};
}

words! {
    /// Where an event is on its way.
    ///
    /// ```
    /// use sspp_client::JobState;
    /// assert_eq!(JobState::from("failed"), JobState::Failed);
    /// assert_eq!(JobState::from("paused").as_str(), "paused");
    /// ```
    JobState {
        /// In the queue, to be taken next.
        Waiting = "waiting",
        /// Taken, and not settled yet.
        Active = "active",
        /// In the queue, to be taken later.
        Delayed = "delayed",
        /// It became a signal.
        Completed = "completed",
        /// It became a dead letter.
        Failed = "failed",
    }
    /// Why an event could not become a signal.
    ///
    /// ```
    /// use sspp_client::DeadLetterReason;
    /// assert_eq!(DeadLetterReason::CrashLoop.to_string(), "crash_loop");
    /// ```
    DeadLetterReason {
        /// The payload is no event.
        Undecodable = "undecodable",
        /// The payload is of a version that no worker knew for 24 hours.
        UnknownVersion = "unknown_version",
        /// No scoring model that the event met knew its type.
        UnknownEventType = "unknown_event_type",
        /// The store refused this one event.
        Rejected = "rejected",
        /// Every attempt failed.
        AttemptsExhausted = "attempts_exhausted",
        /// The worker died three times while it scored this event.
        CrashLoop = "crash_loop",
        /// The event's id belongs to another event.
        EventIdConflict = "event_id_conflict",
    }
    /// What a replay did.
    ReplayStatus {
        /// The event is in the queue again.
        Queued = "queued",
        /// The event is a signal already: an earlier replay, or the producer, was quicker.
        AlreadySignal = "already_signal",
        /// The event is a signal now.
        Signal = "signal",
        /// The event failed again; its dead letter says why.
        DeadLetter = "dead_letter",
        /// The event's account or user was erased.
        Erased = "erased",
    }
    /// What a step of an explanation does.
    StepKind {
        /// Starts with what the event type is worth.
        Base = "base",
        /// Applies a modifier, or says why it did not apply.
        Modifier = "modifier",
        /// Keeps the score within its bounds.
        Cap = "cap",
        /// Rounds to two decimals.
        Round = "round",
    }
    /// What a preview says of an event.
    PreviewStatus {
        /// It has a score.
        Scored = "scored",
        /// It is not valid: the errors say why.
        Rejected = "rejected",
    }
    /// What is erased.
    ErasureKind {
        /// An account, with all its users' events there.
        Account = "account",
        /// A user, in every account.
        User = "user",
    }
    /// How the service or one of its dependencies is.
    HealthStatus {
        /// It answers as it should.
        Healthy = "healthy",
        /// It does not.
        Unhealthy = "unhealthy",
    }
    /// What a service does with events before it acknowledges them.
    IntakeKind {
        /// It puts them into a queue; workers score them.
        Queued = "queued",
        /// It scores and records them: their signals can be read at once.
        Direct = "direct",
    }
    /// Whether accepted events survive a crash of the servers that they are on.
    DurabilityStatus {
        /// They do.
        Durable = "durable",
        /// They may be lost: the warnings say why.
        AtRisk = "at_risk",
        /// The queue or the store does not say.
        Unknown = "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_engine_is_known_and_a_new_one_is_kept() {
        for reason in sspp_core::DeadLetterReason::ALL {
            let word = DeadLetterReason::from(reason.as_str());
            assert!(!matches!(word, DeadLetterReason::Other(_)), "{reason}");
            assert_eq!(word.as_str(), reason.as_str());
        }
        let new: DeadLetterReason = serde_json::from_str("\"quota\"").unwrap();
        assert_eq!(new, DeadLetterReason::Other("quota".into()));
        assert_eq!(serde_json::to_string(&new).unwrap(), "\"quota\"");
    }
}
