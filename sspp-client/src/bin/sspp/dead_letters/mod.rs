//! `sspp dead-letters`: events that could not become signals, and another chance for them.

mod edit;
mod list;
mod remove;
mod replay;

use clap::{Args, Subcommand};
use sspp_client::{Client, DeadLetterId, DeadLetterQuery, Error};

use crate::failure::Failure;
use crate::given::given;
use crate::output::{Output, Purpose};

#[derive(Debug, Args)]
#[command(after_help = "Without a command it lists them.")]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    task: Option<Task>,
    // Last: a heading holds for all arguments after it.
    #[command(flatten)]
    list: list::List,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// List them, the last recorded first
    List(list::List),
    /// Show one, with its event
    Show {
        /// Its id
        id: DeadLetterId,
    },
    /// Change an event. It keeps its id, and members that are not given stay
    Edit(edit::Edit),
    /// Process events again, under their own ids
    Replay(replay::Replay),
    /// Remove them for good: their events never become signals
    Remove {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<DeadLetterId>,
    },
}

// No documentation here: clap would take it for that of the command.
#[derive(Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Filters")]
struct LetterFilter {
    /// Given up for this reason, such as `unknown_event_type`
    #[arg(short, long)]
    reason: Option<String>,
    /// With an event of this type
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

impl DeadLetters {
    /// Whether a reader that has had enough ends it.
    pub(crate) const fn purpose(&self) -> Purpose {
        match &self.task {
            None | Some(Task::List(_) | Task::Show { .. }) => Purpose::Shows,
            Some(Task::Edit(_) | Task::Replay(_) | Task::Remove { .. }) => Purpose::Acts,
        }
    }
}

/// Lists, shows, edits, replays or removes.
pub(crate) async fn run(task: &DeadLetters, client: &Client, output: &Output) -> Result<(), Failure> {
    if task.task.is_some() && task.list != list::List::default() {
        return Err(Failure::usage("filters stand after the command that they are for"));
    }
    match &task.task {
        None => list::run(&task.list, client, output).await,
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
    found.ok_or_else(|| missing(id))
}

fn missing(id: DeadLetterId) -> Failure {
    Failure::new(format!("there is no dead letter {id}: `sspp dead-letters` lists them"))
}

/// Of a letter that was named: where there is none, the command that lists them is named.
fn failure(id: DeadLetterId, error: &Error) -> Failure {
    let is_missing = error.problem().is_some_and(|problem| problem.kind.ends_with(":not-found"));
    if is_missing { missing(id) } else { Failure::from(error) }
}

/// Does something to each; one that fails does not keep the others from it. The failures are shown once.
async fn each_of<F: Future<Output = Result<(), Error>>>(
    ids: &[DeadLetterId],
    output: &Output,
    act: impl Fn(DeadLetterId) -> F,
) -> Result<(), Failure> {
    let mut code = None;
    let mut failed = 0;
    for id in ids {
        let Err(error) = act(*id).await else { continue };
        let failure = failure(*id, &error);
        if ids.len() == 1 {
            return Err(failure);
        }
        output.fault(&format!("{} {id}: {}", output.bad("failed"), failure.sentence()));
        code.get_or_insert(failure.code());
        failed += 1;
    }
    let sentence = || format!("{failed} of {} failed", ids.len());
    code.map_or(Ok(()), |code| Err(Failure::with_code(sentence(), code)))
}
