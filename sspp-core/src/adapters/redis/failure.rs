//! Errors of Redis by what they mean.

use std::time::Duration;

use fred::error::{Error, ErrorKind};

use crate::QueueError;

/// What an error means for a caller who waited at most this long.
pub(super) fn of(error: &Error, waited: Duration) -> QueueError {
    let reason = error.to_string();
    let detail = error.details();
    // What the server says begins with a word of its own.
    match detail.split([' ', ':']).next().unwrap_or_default() {
        "OOM" | "MISCONF" | "READONLY" | "NOREPLICAS" | "NOPERM" => return QueueError::Storage { reason },
        "WRONGTYPE" => return QueueError::Corrupt { reason },
        "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "BUSY" | "NOAUTH" | "WRONGPASS" => {
            return QueueError::Unavailable { reason };
        }
        _ => {}
    }
    // A script that was refused inside says so in the middle.
    let refused =
        ["OOM command not allowed", "-OOM ", "ACL failure in script", "The user executing the script can't"];
    if refused.iter().any(|refused| detail.contains(refused)) {
        return QueueError::Storage { reason };
    }
    match error.kind() {
        ErrorKind::Timeout => {
            QueueError::Timeout { after_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX) }
        }
        ErrorKind::Parse | ErrorKind::Protocol | ErrorKind::NotFound => QueueError::Corrupt { reason },
        // Broken connections, refused logins, whatever else: the queue is at fault, never an event.
        _ => QueueError::Unavailable { reason },
    }
}

/// An answer that no script of ours gives.
pub(super) fn odd_answer(what: &str) -> QueueError {
    QueueError::Corrupt { reason: format!("Redis answered {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureClass;

    #[test]
    fn errors_mean_what_the_server_says() {
        let of = |kind, text: &'static str| of(&Error::new(kind, text), Duration::from_secs(2));
        let oom = of(ErrorKind::Unknown, "OOM command not allowed when used memory > 'maxmemory'.");
        assert!(matches!(oom, QueueError::Storage { .. }));
        for refusal in [
            "READONLY You can't write",
            "NOREPLICAS Not enough",
            "MISCONF Redis is",
            "NOPERM User x has no",
            "ERR The user executing the script can't run this command or subcommand script: 61, on @user_script:14.",
            "ERR ACL failure in script: User u has no permissions to run the 'xadd' command script: 61",
        ] {
            assert!(matches!(of(ErrorKind::Unknown, refusal), QueueError::Storage { .. }), "{refusal}");
        }
        assert!(matches!(of(ErrorKind::Unknown, "LOADING Redis is loading"), QueueError::Unavailable { .. }));
        assert!(matches!(of(ErrorKind::Unknown, "WRONGTYPE Operation against"), QueueError::Corrupt { .. }));
        assert!(matches!(of(ErrorKind::Timeout, "late"), QueueError::Timeout { after_ms: 2_000 }));
        assert!(matches!(of(ErrorKind::IO, "reset"), QueueError::Unavailable { .. }));
        assert_eq!(of(ErrorKind::IO, "reset").class(), FailureClass::Infrastructure);
    }
}
