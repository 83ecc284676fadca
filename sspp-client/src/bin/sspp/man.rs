//! `sspp man`: the manual page, or one for each command.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::command_line::command;
use crate::failure::Failure;
use crate::output::{Output, writing};

#[derive(Debug, Args)]
#[command(after_help = "sspp man | man -l -                        shows the page\n\
    sspp man --dir ~/.local/share/man/man1     lets `man sspp` and `man sspp-emit` find the pages")]
pub(crate) struct Man {
    /// Folder to write a page for each command into; it is made where it is not there
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Prints or writes.
pub(crate) fn run(task: &Man, output: &Output) -> Result<(), Failure> {
    let command = command().disable_help_subcommand(true);
    let Some(folder) = &task.dir else {
        let mut page = Vec::new();
        let made = clap_mangen::Man::new(command).render(&mut page);
        output.printed(made.and_then(|()| writing(|out| out.write_all(&page))));
        return Ok(());
    };
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|error| Failure::wrong(format!("cannot write into {}: {error}", folder.display())))?;
    output.note(&format!("the pages are in {}", folder.display()));
    Ok(())
}
