//! `CloudEvents` 1.0 as events: the structured form (one JSON object) and the binary form (attributes apart from the data).
//!
//! `id` is the event id, `source` the source, `type` the event type, `time` the timestamp; `data` holds `accountId`,
//! `userId` and `metadata`. Both forms become the members of an event as raw JSON and are checked as those are; what is
//! found is then told of where it was written.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use super::members::{MOST_VIOLATIONS, Members, Text, text};
use super::metadata::Name;
use super::parse::{ParseFault, read_object};
use super::violation::{Violation, Violations, escape};
use crate::{Event, ScoringModel, Timestamp};

/// The attributes of a `CloudEvent` in the binary form, decoded; its data comes apart from them.
///
/// ```
/// use sspp_core::{CloudEventAttributes, ScoringModel, Timestamp, parse_cloud_event_data};
/// let attributes = CloudEventAttributes {
///     spec_version: Some("1.0".into()),
///     id: Some("order-4711".into()),
///     source: Some("crm".into()),
///     event_type: Some("com.example.email_opened".into()),
///     time: Some("2025-12-31T10:00:00Z".into()),
///     subject: Some("acc_1".into()),
/// };
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let event = parse_cloud_event_data(&attributes, br#"{"userId":"user_1"}"#, &model, now).unwrap();
/// assert_eq!((event.account_id.as_str(), event.event_type.as_str()), ("acc_1", "email_opened"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloudEventAttributes {
    /// `specversion`: 1.0.
    pub spec_version: Option<String>,
    /// `id`: the event id.
    pub id: Option<String>,
    /// `source`: the source.
    pub source: Option<String>,
    /// `type`: the event type, perhaps after a prefix that ends with a dot.
    pub event_type: Option<String>,
    /// `time`: the timestamp.
    pub time: Option<String>,
    /// `subject`: the account, where the data names none.
    pub subject: Option<String>,
}

/// Reads a `CloudEvent` 1.0 in the structured form from JSON and checks it as [`parse_event`](crate::parse_event) does.
///
/// `id`, `source`, `type` and `time` are needed: without a time of its own, an event that is sent again would differ from
/// itself. `type` is an event type of the model, or ends with one after a dot. `data` is an object with `userId`,
/// `accountId` (where it is absent, `subject` is the account) and, if you like, `metadata`. Extension attributes and
/// `dataschema` are passed over.
///
/// ```
/// use sspp_core::{ScoringModel, Timestamp, parse_cloud_event};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let json = br#"{"specversion":"1.0","id":"1","source":"crm","type":"com.example.call_made",
///     "time":"2025-12-31T10:00:00Z","data":{"accountId":"acc_1","userId":"user_1"}}"#;
/// assert_eq!(parse_cloud_event(json, &model, now).unwrap().event_type.as_str(), "call_made");
/// ```
pub fn parse_cloud_event(json: &[u8], model: &ScoringModel, now: Timestamp) -> Result<Event, ParseFault> {
    let attributes = read_object(json, AttributesVisitor)?;
    attributes.check(Form::Structured, model, now).map_err(ParseFault::Invalid)
}

/// Reads a `CloudEvent` 1.0 in the binary form: its attributes, and its data as JSON. The same rules as for
/// [`parse_cloud_event`]; attributes are told of as `ce-id`, `ce-source` and so on, as HTTP names them.
///
/// ```
/// use sspp_core::{CloudEventAttributes, ScoringModel, Timestamp, parse_cloud_event_data};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let fault = parse_cloud_event_data(&CloudEventAttributes::default(), b"{}", &model, now).unwrap_err();
/// assert!(fault.to_string().starts_with("ce-specversion must be 1.0; ce-id should not be empty"));
/// ```
pub fn parse_cloud_event_data(
    attributes: &CloudEventAttributes,
    data: &[u8],
    model: &ScoringModel,
    now: Timestamp,
) -> Result<Event, ParseFault> {
    let data = read_object(data, DataVisitor)?;
    let raw = |text: &Option<String>| text.as_ref().and_then(|text| to_raw_value(text).ok());
    let (spec_version, id, source) =
        (raw(&attributes.spec_version), raw(&attributes.id), raw(&attributes.source));
    let (event_type, time, subject) =
        (raw(&attributes.event_type), raw(&attributes.time), raw(&attributes.subject));
    let attributes = Attributes {
        spec_version: spec_version.as_deref(),
        id: id.as_deref(),
        source: source.as_deref(),
        event_type: event_type.as_deref(),
        time: time.as_deref(),
        subject: subject.as_deref(),
        data_content_type: None,
        data: Some(data),
        found: Vec::new(),
    };
    attributes.check(Form::Binary, model, now).map_err(ParseFault::Invalid)
}

/// How a `CloudEvent` came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Structured,
    Binary,
}

/// The attributes that matter, as raw JSON.
#[derive(Default)]
struct Attributes<'j> {
    spec_version: Option<&'j RawValue>,
    id: Option<&'j RawValue>,
    source: Option<&'j RawValue>,
    event_type: Option<&'j RawValue>,
    time: Option<&'j RawValue>,
    subject: Option<&'j RawValue>,
    data_content_type: Option<&'j RawValue>,
    data: Option<Data<'j>>,
    /// About attributes that should not be there.
    found: Vec<Violation>,
}

/// The members of the data, as raw JSON.
#[derive(Default)]
struct Data<'j> {
    account_id: Option<&'j RawValue>,
    user_id: Option<&'j RawValue>,
    metadata: Option<&'j RawValue>,
    /// Names of members that should not be there, and of those that are there twice.
    unknown: Vec<String>,
    repeated: Vec<&'static str>,
}

struct AttributesVisitor;

impl<'j> Visitor<'j> for AttributesVisitor {
    type Value = Attributes<'j>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Attributes<'j>, A::Error> {
        let mut attributes = Attributes::default();
        let mut data = None;
        while let Some(name) = map.next_key_seed(Name)? {
            let slot = match name.as_ref() {
                "specversion" => &mut attributes.spec_version,
                "id" => &mut attributes.id,
                "source" => &mut attributes.source,
                "type" => &mut attributes.event_type,
                "time" => &mut attributes.time,
                "subject" => &mut attributes.subject,
                "datacontenttype" => &mut attributes.data_content_type,
                "data" => &mut data,
                "data_base64" => {
                    map.next_value::<IgnoredAny>()?;
                    let wrong = "should not exist: send JSON in data";
                    attributes.found.push(Violation::of_member(&name, "unsupported_data", wrong));
                    continue;
                }
                // What others add on the way is theirs.
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if slot.replace(map.next_value()?).is_some() && attributes.found.len() < MOST_VIOLATIONS {
                let violation = Violation::of_member(&name, "duplicate_member", "must appear only once");
                attributes.found.push(violation);
            }
        }
        attributes.data = match data {
            Some(raw) if RawValue::get(raw).starts_with('{') => {
                let mut parser = serde_json::Deserializer::from_str(raw.get());
                Some(parser.deserialize_map(DataVisitor).map_err(serde::de::Error::custom)?)
            }
            _ => None,
        };
        Ok(attributes)
    }
}

struct DataVisitor;

impl<'j> Visitor<'j> for DataVisitor {
    type Value = Data<'j>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Data<'j>, A::Error> {
        let mut data = Data::default();
        while let Some(name) = map.next_key_seed(Name)? {
            let (slot, known) = match name.as_ref() {
                "accountId" => (&mut data.account_id, "accountId"),
                "userId" => (&mut data.user_id, "userId"),
                "metadata" => (&mut data.metadata, "metadata"),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    if data.unknown.len() < MOST_VIOLATIONS {
                        data.unknown.push(name.chars().take(100).collect());
                    }
                    continue;
                }
            };
            if slot.replace(map.next_value()?).is_some() && data.repeated.len() < MOST_VIOLATIONS {
                data.repeated.push(known);
            }
        }
        Ok(data)
    }
}

impl Attributes<'_> {
    fn check(self, form: Form, model: &ScoringModel, now: Timestamp) -> Result<Event, Violations> {
        let mut found = self.found;
        if !matches!(text(self.spec_version), Text::Given(version) if version == "1.0") {
            found.push(form.wrong("specversion", "unsupported_specversion", "must be 1.0"));
        }
        for (attribute, raw) in [("id", self.id), ("source", self.source)] {
            if matches!(text(raw), Text::Absent) {
                found.push(form.wrong(attribute, "required", "should not be empty"));
            }
        }
        if let Text::Given(media_type) = text(self.data_content_type)
            && !is_json(&media_type)
        {
            let wrong = "must be application/json, as data is";
            found.push(form.wrong("datacontenttype", "unsupported_data", wrong));
        }
        let data = self.data.unwrap_or_else(|| {
            let wrong =
                "must be an object with userId, accountId (or the account in subject) and perhaps metadata";
            found.push(form.wrong("data", "not_an_object", wrong));
            Data::default()
        });
        for name in &data.unknown {
            let detail = "should not exist: put it into metadata";
            found.push(form.wrong_data(name, "unknown_member", detail));
        }
        for name in &data.repeated {
            found.push(form.wrong_data(name, "duplicate_member", "must appear only once"));
        }
        let has_account = !matches!(text(data.account_id), Text::Absent);
        let by_subject = !has_account && !matches!(text(self.subject), Text::Absent);
        let without_prefix = without_prefix(self.event_type, model);
        let members = Members {
            account_id: if by_subject { self.subject } else { data.account_id },
            user_id: data.user_id,
            event_type: without_prefix.as_deref().or(self.event_type),
            timestamp: self.time,
            metadata: data.metadata,
            event_id: self.id,
            source: self.source,
            found: Vec::new(),
        };
        match members.check(Some(model), Some(now)) {
            Ok(event) if found.is_empty() => Ok(event),
            Ok(_) => Err(Violations::new(found)),
            Err(violations) => {
                found.extend(violations.into_vec().into_iter().map(|one| form.told(one, by_subject)));
                Err(Violations::new(found))
            }
        }
    }
}

impl Form {
    /// A violation of an attribute.
    fn wrong(self, attribute: &str, code: &'static str, wrong: &str) -> Violation {
        let label = self.attribute(attribute);
        let pointer = if self == Self::Structured { format!("/{attribute}") } else { label.clone() };
        Violation { pointer, code: code.into(), detail: format!("{label} {wrong}") }
    }

    /// A violation of a member of the data.
    fn wrong_data(self, member: &str, code: &'static str, wrong: &str) -> Violation {
        let (pointer, label) = self.data(&escape(member), member);
        Violation { pointer, code: code.into(), detail: format!("{label} {wrong}") }
    }

    fn attribute(self, name: &str) -> String {
        if self == Self::Structured { name.to_owned() } else { format!("ce-{name}") }
    }

    fn data(self, pointer: &str, label: &str) -> (String, String) {
        match self {
            Self::Structured => (format!("/data/{pointer}"), format!("data.{label}")),
            Self::Binary => (format!("/{pointer}"), label.to_owned()),
        }
    }

    /// A violation of an event's member, told of where a `CloudEvent` has it.
    fn told(self, violation: Violation, by_subject: bool) -> Violation {
        let Violation { pointer, code, detail } = violation;
        let rest = pointer.strip_prefix('/').unwrap_or(&pointer);
        let member = rest.split('/').next().unwrap_or_default();
        let said = detail.strip_prefix(member).unwrap_or(&detail);
        let attribute = match member {
            "eventId" => "id",
            "source" => "source",
            "eventType" => "type",
            "timestamp" => "time",
            "accountId" if by_subject => "subject",
            _ => {
                let (pointer, label) = self.data(rest, member);
                let hint = if member == "accountId" && code == "required" {
                    "; it may also be the subject"
                } else {
                    ""
                };
                return Violation { pointer, code, detail: format!("{label}{said}{hint}") };
            }
        };
        let label = self.attribute(attribute);
        let pointer = if self == Self::Structured { format!("/{attribute}") } else { label.clone() };
        let hint =
            if code == "unknown_event_type" { "; a prefix may come before it, up to a dot" } else { "" };
        Violation { pointer, code, detail: format!("{label}{said}{hint}") }
    }
}

/// The event type without its prefix, where only that is one of the model's: `email_opened` of
/// `com.example.email_opened`.
fn without_prefix(raw: Option<&RawValue>, model: &ScoringModel) -> Option<Box<RawValue>> {
    let Text::Given(name) = text(raw) else { return None };
    if model.rule(&name).is_some() {
        return None;
    }
    let (_, last) = name.rsplit_once('.')?;
    model.rule(last).and_then(|_| to_raw_value(last).ok())
}

/// Whether data of a media type is JSON.
fn is_json(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "application/json" | "text/json") || kind.ends_with("+json")
}
