//! A dead letter's event changed.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use sspp_client::{Client, DeadLetterEdit, DeadLetterId};
use sspp_events::{read_text, read_text_file};
use sspp_import::RawObject;

use super::{failure, find, replay};
use crate::event_arguments::{EventArguments, members};
use crate::failure::Failure;
use crate::given::given;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(mut_arg("at", |at| at.help("When it happened, in ISO 8601")))]
pub(super) struct Edit {
    /// Its id
    id: DeadLetterId,
    #[command(flatten)]
    event: EventArguments,
    /// JSON object with new values of accountId, userId, eventType, timestamp or metadata; `-` is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["account", "user", "event_type", "at", "metadata", "with"])]
    file: Option<PathBuf>,
    /// Replay it too
    #[arg(long)]
    replay: bool,
}

/// What a file changes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    account_id: Option<String>,
    user_id: Option<String>,
    event_type: Option<String>,
    timestamp: Option<String>,
    metadata: Option<Box<RawValue>>,
}

pub(super) async fn run(task: &Edit, client: &Client, output: &Output) -> Result<(), Failure> {
    let change = match &task.file {
        Some(path) => read(path)?,
        None => of_arguments(task, client).await?,
    };
    let edit = given(DeadLetterEdit::default(), change.account_id, DeadLetterEdit::account);
    let edit = given(edit, change.user_id, DeadLetterEdit::user);
    let edit = given(edit, change.event_type, DeadLetterEdit::event_type);
    let edit = given(edit, change.timestamp, DeadLetterEdit::at);
    let edit = given(edit, change.metadata, |edit, metadata| edit.metadata(metadata.get()));
    if edit == DeadLetterEdit::default() {
        return Err(Failure::usage(
            "no change given: use --account, --user, --type, --at, --metadata, --with or --file",
        ));
    }
    let letter = client.edit_dead_letter(task.id, &edit).await.map_err(|error| failure(task.id, &error))?;
    output.result(&letter, || format!("{} {}", output.good("changed"), letter.id));
    if task.replay {
        return replay::each(&[task.id], client, output).await;
    }
    output.note(&format!("`sspp dead-letters replay {}` replays it", letter.id));
    Ok(())
}

async fn of_arguments(task: &Edit, client: &Client) -> Result<Change, Failure> {
    let EventArguments { account, user, event_type, at, metadata, with } = task.event.clone();
    let metadata = if with.is_empty() { metadata } else { Some(with_members(task.id, &with, client).await?) };
    let metadata = metadata.map(RawValue::from_string).transpose();
    let metadata = metadata.map_err(|error| Failure::usage(format!("--metadata is not JSON: {error}")))?;
    Ok(Change { account_id: account, user_id: user, event_type, timestamp: at, metadata })
}

/// The letter's own metadata, with these members instead of those of their names.
async fn with_members(id: DeadLetterId, with: &[String], client: &Client) -> Result<String, Failure> {
    let members = members(with)?;
    let letter = find(id, client).await?;
    let kept = letter.event.as_ref().map_or("{}", |event| event.metadata.as_str());
    let kept: BTreeMap<String, Box<RawValue>> = serde_json::from_str(kept)
        .map_err(|error| Failure::new(format!("the metadata of {id} cannot be read: {error}")))?;
    let mut object = RawObject::default();
    for (name, value) in kept.iter().filter(|(name, _)| !members.iter().any(|(given, _)| given == *name)) {
        object.json(name, value.get());
    }
    for (name, json) in &members {
        object.json(name, json);
    }
    Ok(object.finish())
}

fn read(path: &Path) -> Result<Change, Failure> {
    let (name, text) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        let text = read.map_err(|error| error.to_string());
        let text =
            text.and_then(|_| read_text(&bytes).map(str::to_owned).map_err(|fault| format!("it {fault}")));
        ("standard input".to_owned(), text)
    } else {
        (path.display().to_string(), read_text_file(path).map_err(|error| error.to_string()))
    };
    let text = text.map_err(|error| Failure::new(format!("cannot read {name}: {error}")))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("{name} is not a change of an event: {error}")))
}
