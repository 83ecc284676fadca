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
    builder.build().map_err(|error| {
        // The library's names of these settings are not those of the command line.
        let named = |fault: &String| match (fault.strip_prefix("the URL "), fault.strip_prefix("api_key ")) {
            (Some(rest), _) => format!("--url (or SSPP_URL) {}", rest.replace("api_key", "--api-key")),
            (_, Some(rest)) => format!("--api-key (or SSPP_API_KEY) {rest}"),
            _ => fault.clone(),
        };
        Failure::usage(error.faults().iter().map(named).collect::<Vec<_>>().join("; "))
    })
}
