//! What a person sees while much is moved: a line every few seconds, the first faults, and a sum.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use sspp_core::{IntakeOutcome, Recorded};

use super::TransferError;
use super::error::Resume;

const EVERY: Duration = Duration::from_secs(2);
/// Of those that cannot be taken, so many are shown one by one.
const SHOWN: u64 = 20;

#[derive(Debug)]
pub(super) struct Progress {
    pub(super) what: &'static str,
    /// How many there are in all, where that is known.
    pub(super) of: Option<u64>,
    pub(super) done: u64,
    pub(super) signals: u64,
    pub(super) known: u64,
    pub(super) queued: u64,
    pub(super) conflicts: u64,
    pub(super) erased: u64,
    pub(super) rejected: u64,
    /// How to continue, where something is done.
    pub(super) resume: Option<Resume>,
    began: Instant,
    shown: Instant,
}

impl Progress {
    pub(super) fn new(what: &'static str, of: Option<u64>) -> Self {
        let began = Instant::now();
        Self {
            what,
            of,
            done: 0,
            signals: 0,
            known: 0,
            queued: 0,
            conflicts: 0,
            erased: 0,
            rejected: 0,
            resume: None,
            began,
            shown: began,
        }
    }

    pub(super) fn count(&mut self, answers: &[Recorded]) {
        for answer in answers {
            match answer {
                Recorded::Signal(_) => self.signals += 1,
                Recorded::Duplicate(_) => self.known += 1,
                Recorded::Conflict(_) | Recorded::DeadLetter(_) => self.conflicts += 1,
                Recorded::Erased => self.erased += 1,
            }
        }
    }

    /// Events that intake took.
    pub(super) fn count_events(&mut self, outcomes: &[IntakeOutcome]) {
        for outcome in outcomes {
            match outcome {
                IntakeOutcome::Recorded(recorded) => self.count(&[*recorded]),
                IntakeOutcome::Queued | IntakeOutcome::Refused { .. } => self.queued += 1,
            }
        }
    }

    /// One that cannot be taken: its name and the reason.
    pub(super) fn reject(&mut self, reason: &str) {
        self.rejected += 1;
        match self.rejected {
            ..=SHOWN => say(reason),
            rejected if rejected == SHOWN + 1 => say("more lines are rejected; they are only counted"),
            _ => {}
        }
    }

    /// Shows how far it is, every few seconds.
    pub(super) fn tick(&mut self) {
        if self.shown.elapsed() >= EVERY {
            self.shown = Instant::now();
            say(&self.line());
        }
    }

    pub(super) fn finish(&self) {
        say(&format!("{} in {:.1} s", self.line(), self.began.elapsed().as_secs_f64()));
    }

    /// The store or the queue failed for too long.
    pub(super) fn stopped(&self, reason: String) -> TransferError {
        TransferError::Stopped { reason, resume: self.resume.clone() }
    }

    /// How it ended, after everything was read; so many were rejected by earlier calls.
    pub(super) fn verdict(&self, earlier: u64) -> Result<(), TransferError> {
        match self.rejected + earlier {
            0 => Ok(()),
            count => Err(TransferError::Rejected { count, earlier }),
        }
    }

    fn line(&self) -> String {
        let of = self.of.map_or_else(String::new, |of| format!(" of {of}"));
        let mut line = format!("{} {}{of}: {} new signals", self.done, self.what, self.signals);
        for (count, what) in [
            (self.known, "known before"),
            (self.queued, "events queued"),
            (self.conflicts, "kept as dead letters"),
            (self.erased, "of erased accounts or users"),
            (self.rejected, "not taken"),
        ] {
            if count > 0 {
                // Writing to a string cannot fail.
                let _ = write!(line, ", {count} {what}");
            }
        }
        line
    }
}

pub(super) fn say(line: &str) {
    // Standard error may be closed.
    drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line}\n")));
}
