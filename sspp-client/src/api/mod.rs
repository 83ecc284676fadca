//! The server's API: where it is, requests and answers.

mod call;
mod server;
mod url;

pub(crate) use call::Call;
pub(crate) use server::{Api, BatchVerdict, batch, read};
pub(crate) use url::{Query, Root, segment};
