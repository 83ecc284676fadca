//! The arguments that describe an event.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;
use serde_json::value::RawValue;
use sspp_events::{Clock as _, Event, SystemClock, Timestamp};
use sspp_import::RawObject;

use crate::failure::Failure;
use crate::import::sentences;

// No documentation here: clap would take it for that of the command.
#[derive(Debug, Clone, Args, Default)]
pub(crate) struct EventArguments {
    /// Account the event is about
    #[arg(short, long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Person the event is about
    #[arg(short, long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Event type, such as `email_clicked`
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// When it happened, in ISO 8601; now by default
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Metadata as a JSON object
    #[arg(short, long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    /// One member of the metadata; the value is JSON if it is valid JSON, else text. May be repeated
    #[arg(short, long = "with", value_name = "KEY=VALUE", conflicts_with = "metadata")]
    pub(crate) with: Vec<String>,
}

impl EventArguments {
    /// The event that they describe.
    pub(crate) fn event(&self, id: Option<&str>, source: Option<&str>) -> Result<Event, Failure> {
        let mut builder = Event::builder(
            self.account.clone().unwrap_or_default(),
            self.user.clone().unwrap_or_default(),
            self.event_type.clone().unwrap_or_default(),
            self.at.clone().unwrap_or_else(|| now().to_string()),
        );
        let members = members(&self.with)?;
        let with = (!members.is_empty()).then(|| {
            let mut object = RawObject::default();
            for (name, json) in &members {
                object.json(name, json);
            }
            object.finish()
        });
        if let Some(metadata) = with.or_else(|| self.metadata.clone()) {
            builder = builder.metadata(metadata);
        }
        if let Some(id) = id {
            builder = builder.event_id(id);
        }
        if let Some(source) = source {
            builder = builder.source(source);
        }
        builder.build().map_err(|violations| {
            let options: BTreeSet<_> = violations.iter().filter_map(|fault| option(&fault.pointer)).collect();
            let see: Vec<_> = options.into_iter().collect();
            let see = if see.is_empty() { String::new() } else { format!(" (see {})", see.join(", ")) };
            Failure::usage(format!("{}{see}", sentences(violations.iter())))
        })
    }
}

/// Where on the command line a member of the event is written.
fn option(pointer: &str) -> Option<&'static str> {
    Some(match pointer.split('/').nth(1)? {
        "accountId" => "--account",
        "userId" => "--user",
        "eventType" => "--type",
        "timestamp" => "--at",
        "metadata" => "--metadata",
        "eventId" => "--id",
        "source" => "--source",
        _ => return None,
    })
}

/// By this host's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_datetime(SystemClock.now())
}

/// The members of metadata that `--with` names, each with its JSON.
pub(crate) fn members(pairs: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let (mut members, mut names) = (Vec::new(), BTreeSet::new());
    for pair in pairs {
        let Some((name, text)) = pair.split_once('=') else {
            return Err(Failure::usage(format!(
                "--with {pair}: write KEY=VALUE, such as --with link=pricing"
            )));
        };
        if !names.insert(name) {
            return Err(Failure::usage(format!("--with {name} is there twice")));
        }
        // As it was written: a number of 20 digits stays one.
        let is_json = serde_json::from_str::<Value>(text).is_ok();
        let json = match serde_json::from_str::<&RawValue>(text).ok().filter(|_| is_json) {
            Some(raw) => raw.get().to_owned(),
            None => Value::from(text).to_string(),
        };
        members.push((name.to_owned(), json));
    }
    Ok(members)
}
