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
            "{shown} is a URL, and only files are read: `curl -sSf {shown} | sspp import -` imports what is there"
        )));
    }
    if path.is_dir() {
        return Err(Failure::new(format!("{shown} is a folder: name a file in it")));
    }
    // Read once, and what a name there means is another thing for each process.
    let is_passing = ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|folder| path.starts_with(folder));
    if is_passing || fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Failure::usage(format!(
            "{shown} is a pipe or a device, and not a file that is there when the import goes on: `cat {shown} | sspp import -` \
            imports what comes from it"
        )));
    }
    Ok(())
}

const fn advice(foreign: Foreign) -> &'static str {
    match foreign {
        Foreign::Empty => "empty: there are no events in it",
        Foreign::Signals => {
            "an export of signals, which have their scores: `sspp-api import` takes it, where the service's settings are"
        }
        Foreign::SignalsAsCsv => {
            "an export of signals as CSV, which nothing imports: export them as NDJSON (`sspp export`), and `sspp-api import` takes that"
        }
        Foreign::SignalList => {
            "a list of signals, not of events: `sspp export` writes a file of them, and `sspp-api import` takes that"
        }
        Foreign::DeadLetters => "a list of dead letters: `sspp dead-letters replay` sends their events again",
        Foreign::Checkpoint => "the checkpoint of an import: name the file that was imported",
        Foreign::RequestBody => {
            "the body of a request, and an event a line is needed, as `jq -c '.events[]'` writes it"
        }
        Foreign::Model => "a scoring model: `sspp score --type TYPE --model FILE` scores with it",
        Foreign::Spread => "JSON with an event over several lines: write each on one line, as `jq -c .` does",
    }
}
