//! What a handler takes: the call, and inputs that are read from it and documented by the same type.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use poem::Request;
use poem_openapi::registry::{MetaParamIn, MetaSchema};
use serde_json::json;
use sspp_core::TraceContext;

use super::body::read_body;
use super::body_memory::BodyLease;
use super::decode::decode_path;
use super::documentation::Documentation;
use super::problem::Problem;
use super::schema::inline;
use crate::state::Inner;

/// One request on its way through a handler, with all that it carries.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) state: Arc<Inner>,
    pub(crate) request: Request,
    /// The trace that the request belongs to, for what it queues.
    pub(crate) trace: Option<TraceContext>,
    /// The part of the path that stands for the route's parameter, as it was sent.
    pub(super) parameter: Option<String>,
    /// The memory that the body takes, until the call is dropped.
    pub(super) lease: BodyLease,
}

impl Call {
    /// The request's body, decompressed, within a limit.
    pub(crate) async fn body(&mut self, limit: usize) -> Result<Bytes, Problem> {
        let body = self.request.take_body();
        read_body(self.request.headers(), body, limit, self.state.settings.body_timeout, &mut self.lease)
            .await
    }

    /// The query string; empty where there is none.
    pub(crate) fn query(&self) -> &str {
        self.request.uri().query().unwrap_or_default()
    }
}

/// A part of a request that a handler takes: documented and read by one type.
pub(crate) trait Input: Sized + Send + 'static {
    fn document(to: &mut Documentation);

    fn read(call: &mut Call) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// What the parameter of a path may be.
pub(crate) trait PathParameter: Sized + Send + 'static {
    const NAME: &'static str = "id";
    const MEANING: &'static str;
    /// The statuses of a path that names nothing.
    const FAILS: &'static [u16];

    /// A UUID, where nothing else is said.
    fn schema() -> MetaSchema {
        let example = json!("0197d3c5-5c00-7000-8000-000000000001");
        MetaSchema { example: Some(example), ..MetaSchema::new_with_format("string", "uuid") }
    }

    /// Reads it, decoded.
    fn parse(text: &str) -> Result<Self, Problem>;

    /// How one that cannot be decoded is answered.
    fn malformed(_sent: &str) -> Problem {
        let sentence = format!("{} must be percent-encoded UTF-8 without NUL", Self::NAME);
        Problem::parameter(Self::NAME, "malformed", sentence)
    }
}

/// The parameter of the path.
#[derive(Debug)]
pub(crate) struct Path<P>(pub(crate) P);

impl<P: PathParameter> Input for Path<P> {
    fn document(to: &mut Documentation) {
        to.parameter(MetaParamIn::Path, P::NAME, P::MEANING, inline(P::schema()));
        to.fails(P::FAILS);
    }

    async fn read(call: &mut Call) -> Result<Self, Problem> {
        let sent = call.parameter.as_deref().unwrap_or_default();
        let text = decode_path(sent).ok_or_else(|| P::malformed(sent))?;
        P::parse(&text).map(Self)
    }
}
