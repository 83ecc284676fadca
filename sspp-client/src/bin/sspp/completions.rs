//! `sspp completions`: a script that completes commands in a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::{Output, writing};

#[derive(Debug, Args)]
#[command(after_help = "bash: source <(sspp completions bash)     in ~/.bashrc\n\
    zsh:  source <(sspp completions zsh)      in ~/.zshrc, after compinit\n\
    fish: sspp completions fish > ~/.config/fish/completions/sspp.fish")]
pub(crate) struct Completions {
    /// Shell that runs the script
    shell: Shell,
}

/// Prints the script.
#[expect(clippy::unnecessary_wraps, reason = "every command may fail")]
pub(crate) fn run(task: &Completions, mut command: Command, output: &Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(task.shell, &mut command, "sspp", &mut script);
    output.printed(writing(|out| std::io::Write::write_all(out, &script)));
    Ok(())
}
