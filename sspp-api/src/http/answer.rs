//! What a handler gives. JSON goes through serde once: poem-openapi's own goes through a tree of values, which raw JSON does not
//! survive.

use poem::Response;
use poem::http::StatusCode;
use poem_openapi::types::Type;
use serde::Serialize;

use super::documentation::Documentation;
use super::problem::Problem;

/// The predecessor's content type.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// What a handler gives: documented and written by one type.
pub(crate) trait Answer {
    fn document(to: &mut Documentation);

    fn respond(self) -> Result<Response, Problem>;
}

/// A handler that can fail may always fail by a dependency, or by a fault of its own.
impl<T: Answer> Answer for Result<T, Problem> {
    fn document(to: &mut Documentation) {
        T::document(to);
        to.fails(&[500, 503]);
    }

    fn respond(self) -> Result<Response, Problem> {
        self?.respond()
    }
}

/// A page that no document describes.
impl Answer for Response {
    fn document(_to: &mut Documentation) {}

    fn respond(self) -> Result<Response, Problem> {
        Ok(self)
    }
}

/// An answer of status 200 in JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: Type + Serialize> Answer for JsonBody<T> {
    fn document(to: &mut Documentation) {
        to.answer::<T>(200, "The answer");
    }

    fn respond(self) -> Result<Response, Problem> {
        let body = serde_json::to_vec(&self.0)
            .map_err(|error| Problem::internal(format!("an answer could not be written: {error}")))?;
        Ok(Response::builder().content_type(JSON).body(body))
    }
}

/// An answer of status 202 in JSON: it is under way.
#[derive(Debug)]
pub(crate) struct AcceptedBody<T>(pub(crate) T);

impl<T: Type + Serialize> Answer for AcceptedBody<T> {
    fn document(to: &mut Documentation) {
        to.answer::<T>(202, "It is under way");
    }

    fn respond(self) -> Result<Response, Problem> {
        let mut response = JsonBody(self.0).respond()?;
        response.set_status(StatusCode::ACCEPTED);
        Ok(response)
    }
}

/// An answer of status 204: it is gone.
#[derive(Debug)]
pub(crate) struct Removed;

impl Answer for Removed {
    fn document(to: &mut Documentation) {
        to.answer_of(204, "Removed", vec![]);
    }

    fn respond(self) -> Result<Response, Problem> {
        Ok(Response::builder().status(StatusCode::NO_CONTENT).finish())
    }
}
