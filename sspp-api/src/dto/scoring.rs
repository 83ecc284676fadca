//! The active scoring model, and events scored for a look.

use bytes::Bytes;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::registry::{
    MetaMediaType, MetaRequest, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, Enum, ExtractParamOptions, Object};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use sspp_core::{BatchFormat, Event, Explanation, ScoringModel, Violations};

use super::event::EventSchema;
use super::explanation::{ModelBody, StepBody, steps};
use super::intake::receive;
use super::payload::{JSON, JsonBody, answer, header as document_header};
use super::schema::{Verbatim, documented, object_of_anything, register_closed};
use super::{ProblemError, problem};
use crate::media::Media;

/// A scoring model.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "ScoringModel")]
struct FullModelBody {
    /// Its name.
    name: String,
    /// Its version.
    version: u32,
    /// What it is for, in its author's words; empty when nothing was said.
    description: String,
    /// SHA-256 of its canonical JSON.
    digest: String,
    /// The document in canonical JSON: what it leaves out is as in the default model.
    document: Verbatim,
}

/// The active model, or that the caller has it already.
#[derive(Debug)]
pub(crate) struct ModelAnswer {
    etag: String,
    model: Option<FullModelBody>,
}

impl ModelAnswer {
    /// The model under its entity tag, unless that is among those the caller knows: the header `If-None-Match`.
    pub(crate) fn new(model: &ScoringModel, known: Option<&str>) -> Self {
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

impl IntoResponse for ModelAnswer {
    fn into_response(self) -> Response {
        let mut response = match self.model {
            Some(model) => JsonBody(model).into_response(),
            None => Response::builder().status(StatusCode::NOT_MODIFIED).finish(),
        };
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        // Another model may be active after the next start.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

impl ApiResponse for ModelAnswer {
    fn meta() -> MetaResponses {
        let etag = || document_header("ETag", "Changes with the model; for `If-None-Match`", "string");
        let mut full = answer(200, "The active model", JSON, FullModelBody::schema_ref());
        full.headers.push(etag());
        let unchanged = MetaResponse {
            description: "The caller has this model already",
            status: Some(304),
            status_range: None,
            content: vec![],
            headers: vec![etag()],
        };
        MetaResponses { responses: vec![full, unchanged] }
    }

    fn register(registry: &mut Registry) {
        FullModelBody::register(registry);
    }
}

/// A model's document: an object, or TOML as text.
#[derive(Debug, Serialize)]
struct AnyDocument(());

documented!(AnyDocument, "model_document", {
    let toml = MetaSchema {
        example: Some(json!(
            "name = \"calls\"\nversion = 1\n[events.call_made]\nbase = 0.5\nsignal_type = \"outreach\"\ngroup = \"outreach\"\n"
        )),
        ..MetaSchema::new("string")
    };
    let inline = |schema| MetaSchemaRef::Inline(Box::new(schema));
    let object = MetaSchema { nullable: true, ..object_of_anything() };
    MetaSchema { one_of: vec![inline(object), inline(toml)], ..MetaSchema::ANY }
});

/// Events to be scored for a look.
#[derive(Debug, Object)]
#[oai(rename = "PreviewRequest")]
struct PreviewSchema {
    /// The events.
    #[oai(validator(min_items = 1, max_items = 100))]
    events: Vec<EventSchema>,
    /// The model to score with: its document as an object, or as TOML text. Where it is absent, the active one.
    #[oai(skip_serializing_if_is_none)]
    model: Option<AnyDocument>,
}

/// The bytes of a request for a preview.
#[derive(Debug)]
pub(crate) struct PreviewRequest(pub(crate) Bytes);

impl<'a> ApiExtractor<'a> for PreviewRequest {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        register_closed::<PreviewSchema>(registry);
        register_closed::<EventSchema>(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: Some("1 to 100 events and, if you like, a model"),
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: PreviewSchema::schema_ref(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Media::of(request.headers(), &[Media::Json], false)?;
        Ok(Self(receive(request, body, BatchFormat::MAX_BYTES).await?))
    }
}

/// What a model makes of events.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Preview")]
pub(crate) struct PreviewBody {
    /// The model that scored.
    model: ModelBody,
    /// One result an event, in their order.
    results: Vec<PreviewResult>,
}

impl PreviewBody {
    pub(crate) fn new(model: &ScoringModel, results: Vec<PreviewResult>) -> Self {
        Self { model: model.into(), results }
    }
}

/// What became of an event in a preview.
#[derive(Debug, Clone, Copy, Default, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
enum PreviewStatus {
    Scored,
    #[default]
    Rejected,
}

/// What a model makes of one event.
#[derive(Debug, Default, Serialize, Object)]
pub(crate) struct PreviewResult {
    /// Which event: its place in the request, from 0.
    index: u32,
    /// `rejected`: `errors` says why, and nothing else is there.
    status: PreviewStatus,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    event_type: Option<String>,
    /// What that tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    signal_type: Option<String>,
    /// What it is worth: two decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    signal_score: Option<f64>,
    /// The same in units of 0.0001.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    units: Option<i64>,
    /// What was done, in order; the deltas sum to the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    steps: Option<Vec<StepBody>>,
    /// The whole in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    summary: Option<String>,
    /// Everything that is wrong with the event. Pointers begin at the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    errors: Option<Vec<ProblemError>>,
}

impl PreviewResult {
    pub(crate) fn scored(index: u32, event: &Event, explanation: &Explanation<'_>) -> Self {
        Self {
            index,
            status: PreviewStatus::Scored,
            event_type: Some(event.event_type.to_string()),
            signal_type: Some(explanation.signal_type.to_string()),
            signal_score: Some(explanation.score.to_f64()),
            units: Some(explanation.score.units().get()),
            steps: Some(steps(explanation)),
            summary: Some(explanation.to_string()),
            errors: None,
        }
    }

    pub(crate) fn rejected(index: u32, violations: &Violations) -> Self {
        let errors = Some(problem::errors(violations));
        Self { index, status: PreviewStatus::Rejected, errors, ..Self::default() }
    }
}
