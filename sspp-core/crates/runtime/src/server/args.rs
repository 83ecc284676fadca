//! The settings of the server, for flags and environment.

use std::time::Duration;

use clap::Args;

use super::AllowedHosts;
use crate::read_duration;

/// How many connections, how long each may take, and which hosts it may ask for.
///
/// ```
/// use clap::Parser as _;
///
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     server: sspp_runtime::ServerArgs,
/// }
/// let config = Config::try_parse_from(["x", "--idle-timeout", "2m"]).unwrap();
/// assert_eq!(config.server.idle_timeout.as_secs(), 120);
/// ```
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connections")]
pub struct ServerArgs {
    /// The maximum number of open connections, from 1 to 1,000,000. A new one replaces an idle one; if none is idle, it is
    /// answered 503 at once.
    #[arg(long, env = "SSPP_MAX_CONNECTIONS", value_name = "SSPP_MAX_CONNECTIONS", default_value_t = 4_096,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// How long the headers of a request may take, from their first byte, and how long a new connection may wait to send it.
    /// Seconds, or with a unit.
    #[arg(long, env = "SSPP_HEADER_TIMEOUT", value_name = "SSPP_HEADER_TIMEOUT", default_value = "10s", value_parser = read_duration)]
    pub header_timeout: Duration,

    /// How long a connection is kept open between two requests. Must be longer than the load balancer keeps its own, or some of its
    /// requests meet a closed connection: a balancer that keeps them for 600s needs 620s here. Seconds, or with
    /// a unit.
    #[arg(long, env = "SSPP_IDLE_TIMEOUT", value_name = "SSPP_IDLE_TIMEOUT", default_value = "75s", value_parser = read_duration)]
    pub idle_timeout: Duration,

    /// The host names (Host) that requests may use while no keys are set, separated by commas, without ports: `api.example`,
    /// `*.svc.cluster.local`, or `*` for all. Addresses and localhost are always allowed.
    #[arg(
        long,
        env = "SSPP_ALLOWED_HOSTS",
        value_name = "SSPP_ALLOWED_HOSTS",
        default_value = "",
        hide_default_value = true
    )]
    pub allowed_hosts: AllowedHosts,
}
