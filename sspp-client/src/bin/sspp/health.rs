//! Stub.
use sspp_client::Client;
use crate::failure::Failure;
use crate::output::Output;
pub(crate) async fn run(_: &Client, _: &Output) -> Result<(), Failure> { Ok(()) }
