//! `sspp erase`: what the events of an account or a user left behind, gone for good.

use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use sspp_client::{AccountId, Client, IdFault, UserId};

use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(
    after_help = "Removes the signals, dead letters and queued events of all events received until now, for good. Events received later are kept."
)]
pub(crate) struct Erase {
    /// What to erase
    what: What,
    /// Its id
    id: String,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// An account, with all its users' events there
    Account,
    /// A user, in every account
    User,
}

enum Whom {
    Account(AccountId),
    User(UserId),
}

/// Asks, and erases.
pub(crate) async fn run(task: &Erase, client: &Client, output: &Output) -> Result<(), Failure> {
    let wrong = |fault: IdFault| Failure::usage(format!("the id {fault}"));
    let whom = match task.what {
        What::Account => Whom::Account(AccountId::new(task.id.clone()).map_err(wrong)?),
        What::User => Whom::User(UserId::new(task.id.clone()).map_err(wrong)?),
    };
    let name = match &whom {
        Whom::Account(id) => format!("account {id}"),
        Whom::User(id) => format!("user {id}"),
    };
    if !task.yes && !confirmed(&name, client.url())? {
        return Err(Failure::new("nothing was erased"));
    }
    let erasure = match &whom {
        Whom::Account(id) => client.erase_account(id).await?,
        Whom::User(id) => client.erase_user(id).await?,
    };
    output.result(&erasure, || {
        let how = if erasure.complete { "" } else { "; the server removes them in the background" };
        let done = output.good("erased");
        format!(
            "{done} {name}: its events received up to {}, their signals and dead letters{how}",
            erasure.up_to
        )
    });
    Ok(())
}

fn confirmed(name: &str, url: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::usage(format!(
            "erasing the {name} needs --yes where standard input is not a terminal"
        )));
    }
    eprint!("Erase the {name}, its signals and its dead letters on {url}, for good? [y/N] ");
    let _: io::Result<()> = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.map_err(|error| Failure::new(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
