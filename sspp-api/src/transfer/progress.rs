//! What a person sees while much is moved: a line every few seconds, the first things that were wrong, and a sum.

use std::fmt::{Display, Write as _};
use std::time::{Duration, Instant};

use sspp_core::Recorded;

use super::TransferError;

const EVERY: Duration = Duration::from_secs(2);
/// Of what is wrong, so many are told one by one.
const TOLD: u64 = 20;

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
    /// The argument to go on with, where something is done.
    pub(super) resume: Option<String>,
    began: Instant,
    told: Instant,
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
            told: began,
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

    /// One that cannot be taken, by its name and the reason.
    pub(super) fn reject(&mut self, name: &dyn Display, reason: &dyn Display) {
        self.rejected += 1;
        match self.rejected {
            ..=TOLD => say(&format!("{name}: {reason}")),
            rejected if rejected == TOLD + 1 => say("more cannot be taken; they are only counted"),
            _ => {}
        }
    }

    pub(super) fn tell(&mut self) {
        if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
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

    /// How it ended, after everything was read.
    pub(super) fn verdict(&self) -> Result<(), TransferError> {
        if self.rejected > 0 { Err(TransferError::Rejected { count: self.rejected }) } else { Ok(()) }
    }

    fn line(&self) -> String {
        let of = self.of.map_or_else(String::new, |of| format!(" of {of}"));
        let mut line = format!("{} {}{of}: {} new signals", self.done, self.what, self.signals);
        for (count, what) in [
            (self.known, "known before"),
            (self.queued, "events queued"),
            (self.conflicts, "conflicts kept as dead letters"),
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
    // Nobody may be listening.
    drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line}\n")));
}
