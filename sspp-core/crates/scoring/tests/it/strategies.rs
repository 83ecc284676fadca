//! Random model documents and events, for property tests.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sspp_core::Event;

/// The event types that random models know.
pub(crate) const EVENT_TYPES: [&str; 3] = ["email_clicked", "call_made", "webinar_attended"];
/// The members that random conditions read and random metadata has.
pub(crate) const MEMBERS: [&str; 3] = ["a", "b", "c d"];

/// An amount of at most four decimals between two amounts given in units of 0.0001.
fn amount(units: std::ops::RangeInclusive<i32>) -> impl Strategy<Value = Value> {
    units.prop_map(|units| json!(f64::from(units) / 10_000.0))
}

/// Any JSON value that metadata may hold, biased to what coercion treats specially.
pub(crate) fn metadata_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(""),
        Just(" "),
        Just("0"),
        Just("5"),
        Just(" 5 "),
        Just("-7"),
        Just("0x10"),
        Just("1e3"),
        Just("abc"),
        Just("Infinity"),
        Just("inf"),
        Just("\u{feff}3"),
        Just("1_0"),
        Just("24"),
        Just("true"),
        Just("\"\\\n"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-30_i64..30).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-100.0_f64..100.0).prop_map(Value::from),
        Just(json!(-0.0)),
        text.prop_map(Value::from),
        "[^\\x00]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(&MEMBERS), inner), 0..3).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

/// Metadata: an object of such values.
pub(crate) fn metadata() -> impl Strategy<Value = Value> {
    prop::collection::vec((prop::sample::select(&MEMBERS), metadata_value()), 0..4)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// An event of a type that random models know.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    (prop::sample::select(&EVENT_TYPES), metadata(), prop::option::of("[a-z]{1,5}")).prop_map(
        |(event_type, metadata, source)| {
            let builder =
                Event::builder("acc_1", "user_1", event_type, "2024-12-21").metadata(metadata.to_string());
            source.into_iter().fold(builder, sspp_core::EventBuilder::source).build().unwrap()
        },
    )
}

/// A condition that compiles.
pub(crate) fn condition() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("true".to_owned()),
        Just("truthy(metadata.a)".to_owned()),
        (-30_i32..30).prop_map(|number| format!("num(metadata.b) < {number}.5")),
        Just("num(metadata.a.b) >= num(metadata['c d'])".to_owned()),
        Just("metadata.a > 3.0 || source == 'crm'".to_owned()),
        Just("metadata.b.startsWith('a')".to_owned()),
        Just("metadata.a".to_owned()),
        Just("!truthy(metadata['c d']) && (num(metadata.a) == 5 || truthy(metadata.b.a))".to_owned()),
    ]
}

fn verb() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        amount(-10_000_000..=10_000_000).prop_map(|amount| ("add", amount)),
        amount(-5_000..=5_000).prop_map(|amount| ("add", amount)),
        amount(0..=10_000_000).prop_map(|amount| ("multiply", amount)),
        amount(0..=20_000).prop_map(|amount| ("multiply", amount)),
        amount(0..=10_000_000).prop_map(|amount| ("set", amount)),
        amount(0..=10_000).prop_map(|amount| ("cap", amount)),
        Just(("drop", json!(true))),
    ]
}

/// A valid model document, as JSON.
pub(crate) fn document() -> impl Strategy<Value = Value> {
    let rules = prop::collection::vec(
        (amount(-20_000..=20_000), prop::sample::select(&["intent", "engagement", "outreach"])),
        EVENT_TYPES.len(),
    );
    let modifiers = prop::collection::vec((condition(), verb()), 0..12);
    (rules, modifiers, 0_i32..=50, 0_i32..=200, prop::bool::ANY).prop_map(
        |(rules, modifiers, min, range, signal)| {
            let mut document = Map::new();
            document.insert("name".into(), json!("random"));
            document.insert("version".into(), json!(1));
            let events: Map<_, _> = EVENT_TYPES
                .iter()
                .zip(rules)
                .map(|(name, (base, group))| {
                    ((*name).to_owned(), json!({"base": base, "signal_type": "interest", "group": group}))
                })
                .collect();
            document.insert("events".into(), events.into());
            let modifiers: Vec<_> = modifiers
            .into_iter()
            .enumerate()
            .map(|(at, (when, (verb, amount)))| json!({"id": format!("m{at}"), "when": when, verb: amount}))
            .collect();
            document.insert("modifiers".into(), modifiers.into());
            if signal {
                let bound = |hundredths: i32| json!(f64::from(hundredths) / 100.0);
                document.insert("signal".into(), json!({"min": bound(min), "max": bound(min + range)}));
            }
            document.into()
        },
    )
}

/// A value with one place changed: replaced, removed or doubled.
pub(crate) fn mutated(value: Value) -> impl Strategy<Value = Value> {
    let places = places(&value);
    let junk = prop_oneof![
        metadata_value(),
        Just(json!(1e9)),
        Just(json!(0.00001)),
        Just(json!("x".repeat(5_000))),
        Just(json!("((((")),
        Just(json!("all(metadata, x, x)")),
        ".{0,20}".prop_map(Value::from),
    ];
    (0..places, junk, 0..3_u8, ".{0,6}").prop_map(move |(place, junk, how, name)| {
        let mut value = value.clone();
        let mut left = place;
        change(&mut value, &mut left, &junk, how, &name);
        value
    })
}

fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        _ => 0,
    }
}

fn change(value: &mut Value, left: &mut usize, junk: &Value, how: u8, name: &str) -> bool {
    if *left == 0 {
        match (how, &mut *value) {
            (1, Value::Object(members)) => {
                members.insert(name.to_owned(), junk.clone());
            }
            (2, Value::Object(members)) if !members.is_empty() => {
                let first = members.keys().next().cloned().unwrap();
                members.shift_remove(&first);
            }
            (1, Value::Array(elements)) => elements.push(junk.clone()),
            (2, Value::Array(elements)) => elements.extend(elements.clone()),
            _ => *value = junk.clone(),
        }
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(elements) => elements.iter_mut().any(|element| change(element, left, junk, how, name)),
        Value::Object(members) => members.values_mut().any(|member| change(member, left, junk, how, name)),
        _ => false,
    }
}

/// A document as TOML with inline tables; `None` when it holds a null or is not an object.
pub(crate) fn toml_of(document: &Value) -> Option<String> {
    let member =
        |(name, value): (&String, &Value)| Some(format!("{} = {}", json!(name), inline_toml(value)?));
    let lines: Option<Vec<_>> = document.as_object()?.iter().map(member).collect();
    Some(lines?.join("\n"))
}

fn inline_toml(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Array(elements) => {
            let elements: Option<Vec<_>> = elements.iter().map(inline_toml).collect();
            format!("[{}]", elements?.join(", "))
        }
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| Some(format!("{} = {}", json!(name), inline_toml(value)?));
            let members: Option<Vec<_>> = members.iter().map(member).collect();
            format!("{{{}}}", members?.join(", "))
        }
        scalar => scalar.to_string(),
    })
}
