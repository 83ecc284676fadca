//! How HTTP is spoken: what every feature needs, and nothing of any feature.
//!
//! - `operation`: a route with its access, documentation and handler, declared in one place
//! - `call`, `query`, `json_body`, `decode`: what a handler takes; `answer`: what it gives
//! - `problem`, `problem_document`: how a request fails
//! - `schema`: describes types to the document
//! - `route_table`, `front`, `access_log`, `trace`: what happens around every handler
//! - `guard`: who may do what, and how often
//! - `body`, `body_memory`, `media`: reading a body within limits
//! - `documentation`, `openapi`, `forms`, `examples`, `docs`: the OpenAPI document and its page

mod access_log;
mod answer;
mod body;
mod body_memory;
mod call;
mod decode;
mod docs;
mod documentation;
mod examples;
mod forms;
mod front;
pub(crate) mod guard;
mod json_body;
mod media;
mod openapi;
mod operation;
mod problem;
mod problem_document;
mod query;
mod route_table;
pub(crate) mod schema;
mod trace;

pub(crate) use answer::{AcceptedBody, Answer, JSON, JsonBody, Removed};
pub(crate) use body_memory::BodyMemory;
pub(crate) use call::{Call, Input, Path, PathParameter};
pub(crate) use decode::percent_escape;
pub(crate) use docs::{DOCS_PATH, add_pages};
pub(crate) use documentation::{Documentation, header, media};
pub(crate) use front::Front;
pub(crate) use json_body::{JsonSchema, JsonText};
pub(crate) use media::Media;
pub(crate) use openapi::document;
pub(crate) use operation::Access::{Direct, Needs, Open};
pub(crate) use operation::{Feature, Operation};
pub(crate) use problem::{Problem, retry_after_header, shown};
pub(crate) use problem_document::{ProblemError, errors};
#[cfg(test)]
pub(crate) use query::parse;
pub(crate) use query::{AFTER_TO, Given, Parameters, Query, QueryParameters, is_reversed, number};
pub(crate) use route_table::RouteTable;
