//! The active scoring model, under an entity tag.

use poem::Response;
use poem::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use poem::http::{HeaderValue, StatusCode};
use poem_openapi::Object;
use poem_openapi::registry::{MetaParamIn, MetaSchema};
use serde::Serialize;
use serde_json::value::RawValue;
use sspp_core::ScoringModel;

use crate::http::schema::{Verbatim, inline};
use crate::http::{Answer, Call, Documentation, Input, JsonBody, Problem, header};

pub(super) async fn active(call: Call, known: IfNoneMatch) -> ModelAnswer {
    ModelAnswer::new(&call.state.ports.model, known.0.as_deref())
}

/// The header `If-None-Match`.
#[derive(Debug)]
pub(super) struct IfNoneMatch(Option<String>);

impl Input for IfNoneMatch {
    fn document(to: &mut Documentation) {
        let meaning = "Entity tags of the models that the caller already has.";
        to.parameter(MetaParamIn::Header, "If-None-Match", meaning, inline(MetaSchema::new("string")));
    }

    async fn read(call: &mut Call) -> Result<Self, Problem> {
        let value = call.request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        Ok(Self(value.map(str::to_owned)))
    }
}

/// A scoring model.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "ScoringModel")]
struct FullModelBody {
    /// Its name.
    name: String,
    /// Its version.
    version: u32,
    /// The author's description; may be empty.
    description: String,
    /// SHA-256 of its canonical JSON.
    digest: String,
    /// The document in canonical JSON; members that it leaves out are as in the default model.
    document: Verbatim,
}

/// The active model, or that the caller has it already.
#[derive(Debug)]
pub(super) struct ModelAnswer {
    etag: String,
    model: Option<FullModelBody>,
}

impl ModelAnswer {
    /// The model under its entity tag, unless that is among those the caller knows: the header `If-None-Match`.
    fn new(model: &ScoringModel, known: Option<&str>) -> Self {
        let record = model.to_record();
        let digest = record.digest.to_string();
        let etag = format!("\"{digest}\"");
        let is_known = known.is_some_and(|known| {
            let mut tags = known.split(',').map(str::trim);
            tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
        });
        let document = RawValue::from_string(record.document).unwrap_or_default();
        let model = (!is_known).then(|| FullModelBody {
            name: record.name,
            version: record.version,
            description: model.description().to_owned(),
            digest,
            document: Verbatim(document),
        });
        Self { etag, model }
    }
}

impl Answer for ModelAnswer {
    fn document(to: &mut Documentation) {
        let etag = || header("ETag", "Changes with the model; for `If-None-Match`", "string");
        to.answer::<FullModelBody>(200, "The active model").headers.push(etag());
        to.answer_of(304, "The caller already has this model", vec![]).headers.push(etag());
    }

    fn respond(self) -> Result<Response, Problem> {
        let mut response = match self.model {
            Some(model) => JsonBody(model).respond()?,
            None => Response::builder().status(StatusCode::NOT_MODIFIED).finish(),
        };
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            response.headers_mut().insert(ETAG, etag);
        }
        // Another model may be active after the next start.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }
}
