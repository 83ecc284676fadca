//! `CloudEvents` 1.0 as events: the structured form (one JSON object) and the binary form (attributes apart from the data).
//!
//! `id` is the event id, `source` the source, `type` the event type, `time` the timestamp; `data` holds `accountId`,
//! `userId` and `metadata`. Both forms become the members of an event as raw JSON and are checked as those are; violations
//! then name the place in the `CloudEvent`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use super::cloud_event_form::Form;
use super::members::{MOST_VIOLATIONS, Members, Text, text};
use super::metadata::Name;
use super::parse::{ParseFault, read_object};
use super::violation::{Violation, Violations};
use crate::{Event, KnownTypes, Timestamp};

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
/// `accountId` (where it is absent, `subject` is the account) and, if you like, `metadata`; the same object may come in
/// base64, as `data_base64`. Extension attributes and `dataschema` are passed over.
///
/// ```
/// use sspp_core::{ScoringModel, Timestamp, parse_cloud_event};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let json = br#"{"specversion":"1.0","id":"1","source":"crm","type":"com.example.call_made",
///     "time":"2025-12-31T10:00:00Z","data":{"accountId":"acc_1","userId":"user_1"}}"#;
/// assert_eq!(parse_cloud_event(json, &model, now).unwrap().event_type.as_str(), "call_made");
/// ```
pub fn parse_cloud_event(json: &[u8], model: &dyn KnownTypes, now: Timestamp) -> Result<Event, ParseFault> {
    let mut attributes = read_object(json, AttributesVisitor)?;
    let Some(encoded) = attributes.data_base64 else {
        return attributes.check(Form::Structured, model, now).map_err(ParseFault::Invalid);
    };
    let bytes = attributes.decode(encoded);
    attributes.data =
        bytes.as_deref().map_or(Data::Refused, |bytes| read_encoded(bytes, &mut attributes.found));
    attributes.check(Form::Encoded, model, now).map_err(ParseFault::Invalid)
}

/// Reads a `CloudEvent` 1.0 in the binary form: its attributes, and its data as JSON. The same rules as for
/// [`parse_cloud_event`]; violations name attributes as HTTP does: `ce-id`, `ce-source` and so on.
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
    model: &dyn KnownTypes,
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
        data: Data::Given(data),
        ..Attributes::default()
    };
    attributes.check(Form::Binary, model, now).map_err(ParseFault::Invalid)
}

/// Reads the data that `data_base64` holds.
fn read_encoded<'j>(bytes: &'j [u8], found: &mut Vec<Violation>) -> Data<'j> {
    read_object(bytes, DataVisitor).map_or_else(
        |fault| {
            let fault = fault.to_string();
            let wrong = fault.strip_prefix("the body ").unwrap_or(&fault);
            found.push(Violation::of_member("data_base64", "not_an_object", wrong));
            Data::Refused
        },
        Data::Given,
    )
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
    data_base64: Option<&'j RawValue>,
    data: Data<'j>,
    /// About attributes that should not be there.
    found: Vec<Violation>,
}

/// The data, as far as it could be read.
#[derive(Default)]
enum Data<'j> {
    #[default]
    Absent,
    /// What is wrong with it as a whole was said.
    Refused,
    Given(DataMembers<'j>),
}

/// The members of the data, as raw JSON.
#[derive(Default)]
struct DataMembers<'j> {
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
                "data_base64" => &mut attributes.data_base64,
                "data" => &mut data,
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
        let given = |raw: &&RawValue| raw.get() != "null";
        attributes.data_base64 = attributes.data_base64.filter(given);
        attributes.data = match data.filter(given) {
            Some(_) if attributes.data_base64.is_some() => {
                let wrong = "should not exist beside data: send one of them";
                attributes.found.push(Violation::of_member("data_base64", "duplicate_member", wrong));
                attributes.data_base64 = None;
                Data::Refused
            }
            Some(raw) if RawValue::get(raw).starts_with('{') => {
                let mut parser = serde_json::Deserializer::from_str(raw.get());
                Data::Given(parser.deserialize_map(DataVisitor).map_err(serde::de::Error::custom)?)
            }
            _ => Data::Absent,
        };
        Ok(attributes)
    }
}

struct DataVisitor;

impl<'j> Visitor<'j> for DataVisitor {
    type Value = DataMembers<'j>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<DataMembers<'j>, A::Error> {
        let mut data = DataMembers::default();
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
    /// The bytes of `data_base64`; none where they are no text in base64, or of another type than JSON.
    fn decode(&mut self, encoded: &RawValue) -> Option<Vec<u8>> {
        if !self.has_json() {
            // That is said of the type.
            return None;
        }
        let decoded = match text(Some(encoded)) {
            Text::Given(encoded) => STANDARD.decode(encoded).ok(),
            _ => None,
        };
        if decoded.is_none() {
            let wrong = "must be a string in base64";
            self.found.push(Violation::of_member("data_base64", "malformed_base64", wrong));
        }
        decoded
    }

    fn has_json(&self) -> bool {
        !matches!(text(self.data_content_type), Text::Given(media_type) if !is_json_media_type(&media_type))
    }

    fn check(self, form: Form, model: &dyn KnownTypes, now: Timestamp) -> Result<Event, Violations> {
        let has_json = self.has_json();
        let mut found = self.found;
        if !matches!(text(self.spec_version), Text::Given(version) if version == "1.0") {
            found.push(form.wrong("specversion", "unsupported_specversion", "must be 1.0"));
        }
        for (attribute, raw) in [("id", self.id), ("source", self.source)] {
            if matches!(text(raw), Text::Absent) {
                found.push(form.wrong(attribute, "required", "should not be empty"));
            }
        }
        if !has_json {
            let wrong = "must be application/json, as data is";
            found.push(form.wrong("datacontenttype", "unsupported_data", wrong));
        }
        let (data, readable) = match self.data {
            Data::Given(data) => (data, true),
            Data::Refused => (DataMembers::default(), false),
            Data::Absent => {
                let wrong = "must be an object with userId, accountId (or the account in subject) and perhaps metadata";
                found.push(form.wrong("data", "not_an_object", wrong));
                (DataMembers::default(), false)
            }
        };
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
                let placed = violations.into_vec().into_iter().map(|one| form.place(one, by_subject));
                // Of data that could not be read, nothing more can be said.
                found.extend(
                    placed.filter(|(_, of_data)| readable || !of_data).map(|(violation, _)| violation),
                );
                Err(Violations::new(found))
            }
        }
    }
}

/// The event type without its prefix, where only that is one of the model's: `email_opened` of
/// `com.example.email_opened`.
fn without_prefix(raw: Option<&RawValue>, model: &dyn KnownTypes) -> Option<Box<RawValue>> {
    let Text::Given(name) = text(raw) else { return None };
    if model.known(&name).is_some() {
        return None;
    }
    let (_, last) = name.rsplit_once('.')?;
    model.known(last).and_then(|_| to_raw_value(last).ok())
}

/// Whether data of a media type is JSON, as the data of a `CloudEvent` has to be.
///
/// ```
/// assert!(sspp_events::is_json_media_type("application/vnd.acme.order+json; charset=utf-8"));
/// assert!(!sspp_events::is_json_media_type("application/xml"));
/// ```
pub fn is_json_media_type(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "application/json" | "text/json") || kind.ends_with("+json")
}
