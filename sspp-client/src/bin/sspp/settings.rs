//! Settings that several commands have: of the server, and of the output.

use clap::Args;

/// The server of a developer's machine.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:3000";

// No documentation here: clap would take it for that of the command. Nor variables: clap would name their options in each usage line.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Server {
    /// Address of the platform's API; else `SSPP_URL` has it
    #[arg(long, default_value = DEFAULT_URL)]
    pub(crate) url: String,
    /// Key for the API, where it asks for one. In `SSPP_API_KEY` no list of processes shows it
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Shown {
    /// Print JSON, one document a line, and nothing else on standard output
    #[arg(short, long)]
    pub(crate) json: bool,
    /// Print results and errors only: no notes, no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
