//! `sspp dead-letters`: events that could not become signals, and another chance for them.

mod edit;
mod list;
mod remove;
mod replay;

use clap::{Args, Subcommand};
use sspp_client::{Client, DeadLetterId, DeadLetterQuery};

use crate::failure::Failure;
use crate::given::given;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(after_help = "Without a command it lists them.")]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// List them, the last recorded first
    List(list::List),
    /// Show one with its event
    Show {
        /// Its id
        id: DeadLetterId,
    },
    /// Change an event, which stays the same event: what is not given stays
    Edit(edit::Edit),
    /// Put events back into the queue, under their own ids
    Replay(replay::Replay),
    /// Remove them for good: their events never become signals
    Remove {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<DeadLetterId>,
    },
}

// No documentation here: clap would take it for that of the command.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
struct LetterFilter {
    /// Given up for this reason, such as `unknown_event_type`
    #[arg(short, long)]
    reason: Option<String>,
    /// Whose event is of this type
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Given up at or after this time: a date, or RFC 3339
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Given up before this time: a date, or RFC 3339
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl LetterFilter {
    fn query(&self) -> DeadLetterQuery {
        let query = given(DeadLetterQuery::default(), self.reason.as_ref(), DeadLetterQuery::reason);
        let query = given(query, self.event_type.as_ref(), DeadLetterQuery::event_type);
        let query = given(query, self.from.as_ref(), DeadLetterQuery::from);
        given(query, self.to.as_ref(), DeadLetterQuery::to)
    }
}

/// Lists, shows, edits, replays or removes.
pub(crate) async fn run(task: &DeadLetters, client: &Client, output: &Output) -> Result<(), Failure> {
    match &task.task {
        None => list::run(&list::List::default(), client, output).await,
        Some(Task::List(task)) => list::run(task, client, output).await,
        Some(Task::Show { id }) => list::show(*id, client, output).await,
        Some(Task::Edit(task)) => edit::run(task, client, output).await,
        Some(Task::Replay(task)) => replay::run(task, client, output).await,
        Some(Task::Remove { ids }) => remove::run(ids, client, output).await,
    }
}

/// One of an id that was named.
async fn find(id: DeadLetterId, client: &Client) -> Result<sspp_client::DeadLetter, Failure> {
    let found = client.dead_letter(id).await?;
    found.ok_or_else(|| {
        Failure::wrong(format!("there is no dead letter {id}: `sspp dead-letters` lists them"))
    })
}
