//! The filters that a list and an export of signals share.

use poem_openapi::registry::MetaSchema;
use sspp_core::{AccountId, EventType, IdFault, Score, SignalFilter, SignalType, Units, UserId};

use crate::http::schema::inline;
use crate::http::{Given, Parameters};

/// Declares and reads the filters; none where they ask for an empty account or user, which no signal has.
pub(super) fn signal_filter(parameters: &mut Parameters<'_>) -> Option<SignalFilter> {
    let account = "Only signals of this account. An empty value matches nothing.";
    let account_id = id(parameters, "accountId", account, AccountId::new);
    let user_id =
        id(parameters, "userId", "Only signals of this user. An empty value matches nothing.", UserId::new);
    let (event_type, signal_type) = types(parameters);
    let (from, to) =
        parameters.period("Only events at or after this instant.", "Only events before this instant.");
    let min_score = score(parameters, "minScore", "Only scores of at least this; at most two decimals.");
    let max_score = score(parameters, "maxScore", "Only scores of at most this; at most two decimals.");
    if min_score > max_score && max_score.is_some() {
        parameters.refuse("minScore", "above_max_score", "minScore must not be above maxScore".to_owned());
    }
    let (account_id, user_id) = (account_id.ok()?, user_id.ok()?);
    Some(SignalFilter { account_id, user_id, event_type, signal_type, from, to, min_score, max_score })
}

/// The filter names an empty id.
struct EmptyId;

/// An id, where the filter names one.
fn id<T>(
    parameters: &mut Parameters<'_>,
    name: &'static str,
    meaning: &'static str,
    make: impl Fn(String) -> Result<T, IdFault>,
) -> Result<Option<T>, EmptyId> {
    let schema = || inline(MetaSchema { max_length: Some(255), ..MetaSchema::new("string") });
    match parameters.given(name, meaning, schema) {
        Given::Absent => Ok(None),
        Given::Repeated => {
            parameters.refuse(name, "repeated", format!("{name} must be a string"));
            Ok(None)
        }
        Given::Once(text) => match make(text) {
            Ok(id) => Ok(Some(id)),
            Err(IdFault::Empty) => Err(EmptyId),
            Err(fault) => {
                parameters.refuse(name, "invalid_id", format!("{name} {fault}"));
                Ok(None)
            }
        },
    }
}

/// The types of the active model, which the document does not list: another model has others.
fn types(parameters: &mut Parameters<'_>) -> (Option<EventType>, Option<SignalType>) {
    let model = parameters.model;
    let event_types: Vec<&str> = model.event_rules().iter().map(|rule| rule.event_type.as_str()).collect();
    let mut signal_types: Vec<&str> = Vec::new();
    for rule in model.event_rules() {
        if !signal_types.contains(&rule.signal_type.as_str()) {
            signal_types.push(rule.signal_type.as_str());
        }
    }
    let given =
        parameters.text("eventType", "Only signals of this event type, which is one of the active model.");
    let event_type = parameters.among("eventType", given, &event_types);
    let given =
        parameters.text("signalType", "Only signals of this signal type, which is one of the active model.");
    let signal_type = parameters.among("signalType", given, &signal_types);
    (
        event_type.and_then(|name| EventType::new(name).ok()),
        signal_type.and_then(|name| SignalType::new(name).ok()),
    )
}

/// A decimal number as scores are written: digits, perhaps a point and one or two digits.
fn score(parameters: &mut Parameters<'_>, name: &'static str, meaning: &'static str) -> Option<Score> {
    // The decimals are left to words: 0.07 is no multiple of 0.01 to a checker that divides doubles.
    let schema = || inline(MetaSchema { minimum: Some(0.0), ..MetaSchema::new("number") });
    let text = match parameters.given(name, meaning, schema) {
        Given::Absent => return None,
        Given::Once(text) => text,
        Given::Repeated => String::new(),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let well_formed = digits(whole, 6) && digits(fraction, 2);
    let units = well_formed.then(|| text.parse().ok().and_then(Units::from_f64)).flatten();
    if units.is_none() {
        let sentence = format!("{name} must be a number from 0 with at most two decimals");
        parameters.refuse(name, "not_a_score", sentence);
    }
    units.map(Score::rounded)
}
