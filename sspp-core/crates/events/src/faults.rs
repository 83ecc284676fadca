//! Failpoints for fault tests: named places where the process dies, stops or panics, as the environment says.
//!
//! `SSPP_FAILPOINTS` is a list of `POINT=ACTION[@PASS][:ACCOUNT]`, separated by commas:
//!
//! | part | what |
//! |---|---|
//! | point | `score`: an event is about to be scored; `before_commit`: all of a batch was sent to the store but COMMIT; `after_commit`: it is committed, and none of it is settled or answered |
//! | action | `abort`: the process dies at once, as by kill -9; `stop`: it stops as by SIGSTOP; `panic`: the thread panics |
//! | pass | the pass that acts; without it every pass does |
//! | account | only passes of this account count |
//!
//! `SSPP_CLOCK_OFFSET` is how many seconds the process's clock runs ahead, or (negative) behind.
//!
//! What cannot be read ends the process: a fault test must not pass because of a typo.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A place where something can be made to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    Score,
    BeforeCommit,
    AfterCommit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Abort,
    Stop,
    Panic,
}

#[derive(Debug)]
struct Failpoint {
    point: Point,
    action: Action,
    /// The pass that acts, counted from 1.
    at: Option<u64>,
    account: Option<String>,
    passes: AtomicU64,
}

static FAILPOINTS: LazyLock<Vec<Failpoint>> = LazyLock::new(|| {
    let text = std::env::var("SSPP_FAILPOINTS").unwrap_or_default();
    parse(&text).unwrap_or_else(|wrong| {
        eprintln!("SSPP_FAILPOINTS: {wrong}");
        std::process::abort()
    })
});

static CLOCK_OFFSET: LazyLock<chrono::TimeDelta> = LazyLock::new(|| {
    let text = std::env::var("SSPP_CLOCK_OFFSET").unwrap_or_else(|_| "0".to_owned());
    text.parse().ok().and_then(chrono::TimeDelta::try_seconds).unwrap_or_else(|| {
        eprintln!("SSPP_CLOCK_OFFSET: {text:?} is no number of seconds");
        std::process::abort()
    })
});

/// How far the environment says that the process's clock is ahead.
pub fn clock_offset() -> chrono::TimeDelta {
    *CLOCK_OFFSET
}

/// Does what the environment says for this place.
pub fn pass(point: Point, account: Option<&str>) {
    let Some(action) = due(&FAILPOINTS, point, account) else { return };
    eprintln!("failpoint {point:?}: {action:?}");
    match action {
        Action::Abort => std::process::abort(),
        #[expect(clippy::panic, reason = "a fault test wants to see it caught")]
        Action::Panic => panic!("failpoint {point:?}"),
        Action::Stop => {
            // Not a moment later: the call would continue while a signal from outside is on its way.
            let stop = format!("kill -STOP {}", std::process::id());
            if let Err(error) = std::process::Command::new("sh").args(["-c", &stop]).status() {
                eprintln!("failpoint {point:?}: {error}");
                std::process::abort();
            }
        }
    }
}

fn due(failpoints: &[Failpoint], point: Point, account: Option<&str>) -> Option<Action> {
    let mut action = None;
    for failpoint in failpoints {
        let concerned = failpoint.point == point
            && failpoint.account.as_deref().is_none_or(|wanted| Some(wanted) == account);
        if concerned {
            let pass = failpoint.passes.fetch_add(1, Ordering::Relaxed) + 1;
            if failpoint.at.is_none_or(|at| at == pass) {
                action = action.or(Some(failpoint.action));
            }
        }
    }
    action
}

fn parse(text: &str) -> Result<Vec<Failpoint>, String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(parse_one).collect()
}

fn parse_one(text: &str) -> Result<Failpoint, String> {
    let wrong = || format!("{text:?} is not POINT=ACTION[@PASS][:ACCOUNT]");
    let (point, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (rest, account) = match rest.split_once(':') {
        Some((rest, account)) => (rest, Some(account.to_owned())),
        None => (rest, None),
    };
    let (action, at) = match rest.split_once('@') {
        Some((action, at)) => (action, Some(at.parse().ok().filter(|at| *at > 0).ok_or_else(wrong)?)),
        None => (rest, None),
    };
    let point = match point {
        "score" => Point::Score,
        "before_commit" => Point::BeforeCommit,
        "after_commit" => Point::AfterCommit,
        _ => return Err(wrong()),
    };
    let action = match action {
        "abort" => Action::Abort,
        "stop" => Action::Stop,
        "panic" => Action::Panic,
        _ => return Err(wrong()),
    };
    Ok(Failpoint { point, action, at, account, passes: AtomicU64::new(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_pass_acts_and_no_other() {
        let failpoints = parse("before_commit=abort@3, after_commit=stop").unwrap();
        let acts = |point| due(&failpoints, point, None);
        let passes = [(); 4].map(|()| acts(Point::BeforeCommit));
        assert_eq!(passes, [None, None, Some(Action::Abort), None]);
        let passes = [(); 2].map(|()| acts(Point::AfterCommit));
        assert_eq!(passes, [Some(Action::Stop); 2]);
        assert_eq!(acts(Point::Score), None);
    }

    #[test]
    fn only_passes_of_the_named_account_count() {
        let failpoints = parse("score=panic@2:acc_bad").unwrap();
        let acts = |account| due(&failpoints, Point::Score, Some(account));
        assert_eq!(["acc_1", "acc_bad", "acc_1"].map(acts), [None; 3]);
        assert_eq!(acts("acc_bad"), Some(Action::Panic));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(parse("").unwrap().is_empty());
        for text in ["score", "score=explode", "commit=abort", "score=abort@0", "score=abort@x", "=abort"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
