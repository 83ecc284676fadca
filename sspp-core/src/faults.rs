//! Failpoints for fault tests: named places of the pipeline where the process aborts or stops, as the environment says.
//!
//! `SSPP_FAILPOINTS` is a list of `POINT=ACTION[@PASS][:ACCOUNT]`, separated by commas:
//!
//! | part | what |
//! |---|---|
//! | point | `before_commit`: before the store is called; `after_commit`: after it committed, before anything is settled; `score`: while an event is scored |
//! | action | `abort`: the process dies at once; `pause`: the thread stops for good |
//! | pass | which pass acts; the first by default |
//! | account | only passes of this account count |
//!
//! It is read at the first pass. What cannot be read ends the process: a fault test must not pass because of a typo.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A place of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// A batch is about to be recorded.
    BeforeCommit,
    /// A batch was recorded, and none of it is settled.
    AfterCommit,
    /// An event is about to be scored.
    Score,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Abort,
    Pause,
}

#[derive(Debug)]
struct Failpoint {
    point: Point,
    action: Action,
    /// The pass that acts, counted from 1.
    at: u64,
    account: Option<String>,
    passes: AtomicU64,
}

/// Does what the environment says for this place.
pub(crate) fn pass(point: Point, account: Option<&str>) {
    static FAILPOINTS: OnceLock<Vec<Failpoint>> = OnceLock::new();
    let failpoints = FAILPOINTS.get_or_init(|| {
        let text = std::env::var("SSPP_FAILPOINTS").unwrap_or_default();
        parse(&text).unwrap_or_else(|wrong| {
            eprintln!("SSPP_FAILPOINTS: {wrong}");
            std::process::abort()
        })
    });
    match due(failpoints, point, account) {
        None => {}
        Some(Action::Abort) => {
            eprintln!("failpoint {point:?}: aborting");
            std::process::abort()
        }
        Some(Action::Pause) => {
            eprintln!("failpoint {point:?}: pausing");
            loop {
                std::thread::park();
            }
        }
    }
}

fn due(failpoints: &[Failpoint], point: Point, account: Option<&str>) -> Option<Action> {
    let concerned = |failpoint: &&Failpoint| {
        failpoint.point == point
            && failpoint.account.as_deref().is_none_or(|wanted| Some(wanted) == account)
    };
    let mut action = None;
    for failpoint in failpoints.iter().filter(concerned) {
        if failpoint.passes.fetch_add(1, Ordering::Relaxed) + 1 == failpoint.at {
            action = action.or(Some(failpoint.action));
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
    let (action, at) = rest.split_once('@').unwrap_or((rest, "1"));
    let point = match point {
        "before_commit" => Point::BeforeCommit,
        "after_commit" => Point::AfterCommit,
        "score" => Point::Score,
        _ => return Err(wrong()),
    };
    let action = match action {
        "abort" => Action::Abort,
        "pause" => Action::Pause,
        _ => return Err(wrong()),
    };
    let at = at.parse().ok().filter(|at| *at > 0).ok_or_else(wrong)?;
    Ok(Failpoint { point, action, at, account, passes: AtomicU64::new(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_pass_acts_and_no_other() {
        let failpoints = parse("before_commit=abort@3, after_commit=pause").unwrap();
        let acts = |point| due(&failpoints, point, None);
        let passes = [(); 4].map(|()| acts(Point::BeforeCommit));
        assert_eq!(passes, [None, None, Some(Action::Abort), None]);
        assert_eq!(acts(Point::AfterCommit), Some(Action::Pause));
        assert_eq!(acts(Point::Score), None);
    }

    #[test]
    fn only_passes_of_the_named_account_count() {
        let failpoints = parse("score=abort@2:acc_bad").unwrap();
        let acts = |account| due(&failpoints, Point::Score, Some(account));
        assert_eq!(acts("acc_1"), None);
        assert_eq!(acts("acc_bad"), None);
        assert_eq!(acts("acc_1"), None);
        assert_eq!(acts("acc_bad"), Some(Action::Abort));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(parse("").unwrap().is_empty());
        for text in ["score", "score=explode", "commit=abort", "score=abort@0", "score=abort@x", "=abort"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
