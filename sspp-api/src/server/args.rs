//! The settings of the server, for flags and environment.

use clap::Args;
use sspp_core::service::Span;

/// What a connection may cost.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_api::Config::try_parse_from(["sspp-api", "--max-connections", "100"]).unwrap();
/// assert_eq!(config.server.max_connections, 100);
/// ```
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct ServerArgs {
    /// How many connections may be open, from 1 to 1,000,000; more are answered 503 at once.
    #[arg(long, env = "SSPP_MAX_CONNECTIONS", value_name = "SSPP_MAX_CONNECTIONS", default_value_t = 4_096,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// How long the headers of a request may take to arrive, counted from when the connection was opened or the answer before
    /// was sent: what is idle for so long is closed. Seconds, or with a unit.
    #[arg(long, env = "SSPP_HEADER_TIMEOUT", value_name = "SSPP_HEADER_TIMEOUT", default_value = "10s")]
    pub header_timeout: Span,
}
