//! Settings that several commands have: of the server, and of the output.

use clap::Args;

/// The server of a developer's machine.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:3000";

// No documentation here: clap would take it for that of the command. Nor variables: clap would name their options in each usage line.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Server {
    /// Address of the API; or set `SSPP_URL`
    #[arg(long, default_value = DEFAULT_URL)]
    pub(crate) url: String,
    /// API key. Prefer `SSPP_API_KEY`: other users can see a process's arguments
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Shown {
    /// Print JSON, one document a line, and nothing else on standard output
    #[arg(short, long)]
    pub(crate) json: bool,
    /// Print only results and errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
