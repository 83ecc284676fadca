//! The client that the command line asks for.

use sspp_client::Client;

use crate::args::Server;
use crate::failure::Failure;

/// A client of the server that was named.
pub(crate) fn open(server: &Server) -> Result<Client, Failure> {
    // A command that is given does what it says: the off switch is for programs.
    let mut builder = Client::builder(&server.url).batch_events(1_000).disabled(false);
    if let Some(key) = &server.api_key {
        builder = builder.api_key(key);
    }
    builder.build().map_err(|error| Failure::usage(error.to_string()))
}
