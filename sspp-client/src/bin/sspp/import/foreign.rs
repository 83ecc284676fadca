//! Files that are not events, and what to do with them.

use std::fs;
use std::path::Path;

use sspp_import::{Foreign, Origin};

use crate::failure::Failure;

/// Opens a file of events, or with `-` standard input.
pub(crate) fn open(path: &Path) -> Result<Origin, Failure> {
    if path != Path::new("-") {
        refuse_path(path)?;
    }
    let origin = Origin::open(path)?;
    match Foreign::of(origin.beginning()) {
        Some(foreign) => Err(Failure::new(format!("{} is {}", origin.name(), advice(foreign)))),
        None => Ok(origin),
    }
}

/// Refuses a URL, a folder, a pipe and a device.
fn refuse_path(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    if shown
        .to_string()
        .split_once("://")
        .is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && !path.exists()
    {
        return Err(Failure::usage(format!(
            "{shown} is a URL, not a file: use `curl -sSf {shown} | sspp import -`"
        )));
    }
    if path.is_dir() {
        return Err(Failure::new(format!("{shown} is a folder: choose a file in it")));
    }
    // Read once, and what a name there means is another thing for each process.
    let is_passing = ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|folder| path.starts_with(folder));
    if is_passing || fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Failure::usage(format!(
            "{shown} is a pipe or a device, not a file: use `cat {shown} | sspp import -`"
        )));
    }
    Ok(())
}

const fn advice(foreign: Foreign) -> &'static str {
    match foreign {
        Foreign::Empty => "empty: it has no events",
        Foreign::Signals => {
            "an export of signals, which are scored already: import it with `sspp-api import` on the server"
        }
        Foreign::SignalsAsCsv => {
            "an export of signals as CSV, which cannot be imported: export NDJSON with `sspp export`, then use `sspp-api import`"
        }
        Foreign::SignalList => {
            "a list of signals, not of events: export them with `sspp export`, then use `sspp-api import`"
        }
        Foreign::DeadLetters => "a list of dead letters: use `sspp dead-letters replay`",
        Foreign::Checkpoint => "the checkpoint of an import: choose the file that was imported",
        Foreign::RequestBody => {
            "a request body: write one event per line, for example with `jq -c '.events[]'`"
        }
        Foreign::Model => "a scoring model: use it with `sspp score --type TYPE --model FILE`",
        Foreign::Spread => "JSON with an event over several lines: write each on one line, as `jq -c .` does",
    }
}
