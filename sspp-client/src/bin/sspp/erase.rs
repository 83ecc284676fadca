//! Stub.
use clap::Args;
use sspp_client::Client;
use crate::failure::Failure;
use crate::output::Output;
#[derive(Debug, Args)]
pub(crate) struct Erase {}
pub(crate) async fn run(_: &Erase, _: &Client, _: &Output) -> Result<(), Failure> { Ok(()) }
