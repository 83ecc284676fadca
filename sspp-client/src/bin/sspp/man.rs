//! `sspp man`: the manual page, or one for each command.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Command};

use crate::failure::Failure;
use crate::output::{Output, writing};

#[derive(Debug, Args)]
#[command(after_help = "sspp man import | man -l -                 shows a page\n\
    sspp man --dir ~/.local/share/man/man1     lets `man sspp` and `man sspp-emit` find the pages")]
pub(crate) struct Man {
    /// Command, such as `import` or `dead-letters replay`; sspp itself by default
    #[arg(conflicts_with = "dir")]
    command: Vec<String>,
    /// Folder for a page of each command; it is created if it does not exist
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Prints or writes.
pub(crate) fn run(task: &Man, command: Command, output: &Output) -> Result<(), Failure> {
    let mut command = command.disable_help_subcommand(true);
    if let Some(folder) = &task.dir {
        let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
        written.map_err(|error| Failure::new(format!("cannot write into {}: {error}", folder.display())))?;
        output.note(&format!("the pages are in {}", folder.display()));
        return Ok(());
    }
    command.build();
    for name in &task.command {
        let found = command.find_subcommand(name).cloned();
        let unknown =
            || Failure::usage(format!("there is no command {}: see --help", task.command.join(" ")));
        command = found.ok_or_else(unknown)?;
    }
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(command).render(&mut page);
    output.printed(made.and_then(|()| writing(|out| out.write_all(&page))));
    Ok(())
}
