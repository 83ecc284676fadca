//! What can be asked for on the command line.

use clap::{Parser, Subcommand};

use crate::completions::Completions;
use crate::dead_letters::DeadLetters;
use crate::emit::Emit;
use crate::erase::Erase;
use crate::event::Find;
use crate::export::Export;
use crate::import::Import;
use crate::man::Man;
use crate::output::Purpose;
use crate::score::Score;
use crate::signals::Signals;
use crate::validate::Validate;

#[derive(Debug, Parser)]
#[command(
    name = "sspp",
    version,
    about = "Sends sales events to SSPP and shows the signals made from them",
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Exit status: 0 done, 1 something was rejected or failed, 2 the command line is wrong, 3 the server is unavailable or busy (try again), 4 the server refused the API key (unknown, or without the scope), 130 after Ctrl-C, 143 after SIGTERM.\nColours are used on terminals; set NO_COLOR to turn them off.\nSee `sspp completions` and `sspp man` for shell completion and manual pages."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Send one event, or with `-` one JSON event a line from standard input
    Emit(Emit),
    /// Send the events of a CSV or NDJSON file; continues where it stopped
    Import(Import),
    /// Check the events of a CSV or NDJSON file locally, without sending them
    Validate(Validate),
    /// Show an event, its state, and its signal or dead letter
    Event(Find),
    /// List signals, newest first
    Signals(Signals),
    /// Show how many signals and jobs there are
    Stats,
    /// List the event types of the active scoring model, with their base scores
    Types,
    /// Explain a signal's score, or score an event locally without sending it
    Score(Score),
    /// Write stored signals to a file, as NDJSON that `sspp-api import` takes or as CSV
    Export(Export),
    /// Erase an account or a user: signals, dead letters and queued events
    Erase(Erase),
    /// Show the health of the platform and its dependencies
    Health,
    /// See, edit, replay and remove events that could not become signals
    DeadLetters(DeadLetters),
    /// Print a script that completes commands in a shell
    Completions(Completions),
    /// Print the manual page, or write one for each command
    Man(Man),
}

impl Task {
    /// Whether a reader that has had enough ends it.
    pub(crate) const fn purpose(&self) -> Purpose {
        match self {
            Self::Emit(_) | Self::Import(_) | Self::Erase(_) => Purpose::Acts,
            Self::DeadLetters(letters) => letters.purpose(),
            Self::Validate(_)
            | Self::Event(_)
            | Self::Signals(_)
            | Self::Stats
            | Self::Types
            | Self::Score(_)
            | Self::Export(_)
            | Self::Health
            | Self::Completions(_)
            | Self::Man(_) => Purpose::Shows,
        }
    }

    /// Whether it waits for a server as long as the server asks to: it continues by itself for hours.
    pub(crate) const fn is_patient(&self) -> bool {
        matches!(self, Self::Import(_))
    }
}
