//! What is installed beside a binary: completions for shells, and man pages.

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::cli::command_of;
use super::{Failure, print};

/// The subcommands that print what is installed beside a binary.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct CommandLine {
///     #[command(subcommand)]
///     command: sspp_runtime::ManualCommand,
/// }
/// let line = CommandLine::parse_from(["x", "completions", "fish"]);
/// assert!(line.command.text::<CommandLine>().unwrap().contains("complete -c"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ManualCommand {
    /// Print completions for a shell, to save where the shell looks for them.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the man page of this program, or of one of its subcommands.
    Man {
        /// The subcommand.
        subcommand: Option<String>,
    },
}

impl ManualCommand {
    /// Prints it, for the program that has this command line.
    pub fn run<C: Parser>(&self) -> Result<(), Failure> {
        print(&self.text::<C>()?)
    }

    /// What is printed.
    pub fn text<C: Parser>(&self) -> Result<String, Failure> {
        let mut command = command_of::<C>();
        let mut text = Vec::new();
        match self {
            Self::Completions { shell } => {
                let name = command.get_name().to_owned();
                clap_complete::generate(*shell, &mut command, name, &mut text);
            }
            Self::Man { subcommand } => {
                let page = match subcommand {
                    None => command,
                    Some(name) => {
                        let found = command.find_subcommand(name).cloned();
                        found.ok_or_else(|| {
                            Failure::usage(format_args!("there is no subcommand '{name}'; --help lists them"))
                        })?
                    }
                };
                clap_mangen::Man::new(page).render(&mut text).map_err(Failure::run)?;
            }
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}
