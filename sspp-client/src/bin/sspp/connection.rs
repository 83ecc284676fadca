//! The client that the command line asks for.

use std::time::Duration;

use sspp_client::{Backoff, Client};

use crate::failure::Failure;
use crate::settings::Server;

/// After so long without an answer, the command says what it waits for.
const SILENCE: Duration = Duration::from_secs(10);

/// Limits for commands that a person waits for: whatever pauses the server asks for, they end within half a minute.
const BRIEF: (u32, Duration, Duration) = (4, Duration::from_secs(20), Duration::from_secs(8));

/// Waits for an answer, and calls `say` once when that takes long.
pub(crate) async fn patiently<T>(answer: impl Future<Output = T>, say: impl FnOnce()) -> T {
    let mut answer = std::pin::pin!(answer);
    if let Ok(answer) = tokio::time::timeout(SILENCE, &mut answer).await {
        return answer;
    }
    say();
    answer.await
}

/// What it says then.
pub(crate) const BUSY: &str = "the server is busy or unavailable; trying again (Ctrl-C stops)";

/// A client of the server that was named, patient where the work is long.
pub(crate) fn open(server: &Server, is_patient: bool) -> Result<Client, Failure> {
    // A command that is given does what it says: the off switch is for programs.
    let mut builder = Client::builder(&server.url).batch_events(1_000).disabled(false);
    if !is_patient {
        let (attempts, budget, retry_after_cap) = BRIEF;
        builder = builder.backoff(Backoff { attempts, budget, retry_after_cap, ..Backoff::default() });
    }
    if let Some(key) = &server.api_key {
        builder = builder.api_key(key);
    }
    builder.build().map_err(|error| {
        // The library's names of these settings are not those of the command line.
        let named = |fault: &String| match (fault.strip_prefix("the URL "), fault.strip_prefix("api_key ")) {
            (Some(rest), _) => format!("--url (or SSPP_URL) {}", rest.replace("api_key", "--api-key")),
            (_, Some(rest)) => format!("--api-key (or SSPP_API_KEY) {rest}"),
            _ => fault.clone(),
        };
        Failure::usage(error.faults().iter().map(named).collect::<Vec<_>>().join("; "))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_is_said_once() {
        let count = Cell::new(0);
        for (seconds, expected) in [(9, 0), (60, 1)] {
            let answer = async {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                seconds
            };
            assert_eq!(patiently(answer, || count.set(count.get() + 1)).await, seconds);
            assert_eq!(count.get(), expected);
        }
    }

    #[test]
    fn a_busy_server_is_asked_for_half_a_minute_at_most() {
        let (attempts, _, longest) = BRIEF;
        let longest: Duration =
            (1..attempts).map(|failed| longest + Backoff::default().base * 2_u32.pow(failed - 1)).sum();
        assert!(longest < Duration::from_secs(30), "{longest:?}");
    }
}
