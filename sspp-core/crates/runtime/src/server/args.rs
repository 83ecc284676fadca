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
    /// How many connections may be open, from 1 to 1,000,000. Where all are taken and one is idle it makes room; else more are
    /// answered 503 at once.
    #[arg(long, env = "SSPP_MAX_CONNECTIONS", value_name = "SSPP_MAX_CONNECTIONS", default_value_t = 4_096,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// How long the headers of a request may take, from their first byte, and how long a new connection may wait to send it.
    /// Seconds, or with a unit.
    #[arg(long, env = "SSPP_HEADER_TIMEOUT", value_name = "SSPP_HEADER_TIMEOUT", default_value = "10s", value_parser = read_duration)]
    pub header_timeout: Duration,

    /// How long a connection is kept open between two requests. Longer than the balancer in front keeps its own, or some of its
    /// requests meet a connection that was just closed: a balancer that keeps them for 600s needs 620s here. Seconds, or with
    /// a unit.
    #[arg(long, env = "SSPP_IDLE_TIMEOUT", value_name = "SSPP_IDLE_TIMEOUT", default_value = "75s", value_parser = read_duration)]
    pub idle_timeout: Duration,

    /// The names by which the server may be asked (Host) while anyone may ask it, between commas, without ports: `api.example`,
    /// `*.svc.cluster.local`, or `*` for all. Addresses and localhost always may.
    #[arg(
        long,
        env = "SSPP_ALLOWED_HOSTS",
        value_name = "SSPP_ALLOWED_HOSTS",
        default_value = "",
        hide_default_value = true
    )]
    pub allowed_hosts: AllowedHosts,
}
