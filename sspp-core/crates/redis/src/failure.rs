//! Errors of Redis by what they mean.

use std::time::Duration;

use fred::error::{Error, ErrorKind};

use sspp_engine::QueueError;

/// What an error means for a caller that waited at most this long.
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
        // Broken connections, refused logins and the like: the queue is at fault, never an event.
        _ => QueueError::Unavailable { reason },
    }
}

/// Why Redis cannot be reached: in words that name the address, the cause and what to do.
pub(super) fn unreachable(place: &str, error: &Error) -> String {
    let cause = of_system(error.details());
    let known = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    let advice = match error.kind() {
        ErrorKind::Canceled => {
            return format!(
                "{place} cannot be used: it has not answered yet; check host and port, and whether it uses TLS (rediss://) or not (redis://)"
            );
        }
        ErrorKind::Auth => "check user and password",
        _ if known(&["NOAUTH", "WRONGPASS", "AUTH"]) => "check user and password",
        ErrorKind::Protocol | ErrorKind::Parse => "check that this is the port of Redis",
        ErrorKind::Tls => "check whether it uses TLS (rediss://) or not (redis://)",
        _ if known(&["lookup address"]) => "check the host name",
        ErrorKind::IO | ErrorKind::Timeout => "check that it runs, and check host and port",
        _ => return format!("{place} cannot be used: {cause}"),
    };
    format!("{place} cannot be used: {cause}; {advice}")
}

/// The client library shows an error of the system as its parts: of those the message is for people.
fn of_system(details: &str) -> &str {
    let parts = ["Os {", "Custom {"].iter().any(|begin| details.starts_with(begin));
    let message = details.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
    message.filter(|_| parts).map_or(details, |(message, _)| message)
}

/// An answer that no script of ours gives.
pub(super) fn odd_answer(what: &str) -> QueueError {
    QueueError::Corrupt { reason: format!("Redis answered {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sspp_engine::FailureClass;

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
        let parts = r#"Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }"#;
        assert_eq!(of_system(parts), "Connection refused");
        assert_eq!(of_system("WRONGPASS invalid \"password\""), "WRONGPASS invalid \"password\"");
        assert!(matches!(of(ErrorKind::Timeout, "late"), QueueError::Timeout { after_ms: 2_000 }));
        assert!(matches!(of(ErrorKind::IO, "reset"), QueueError::Unavailable { .. }));
        assert_eq!(of(ErrorKind::IO, "reset").class(), FailureClass::Infrastructure);
    }
}
