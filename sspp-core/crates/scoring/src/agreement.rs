//! Test: native conditions and the CEL interpreter agree about every condition and every event.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::compile::compile;
use super::condition::{Compiler, Condition};
use super::model::ScoringModel;
use sspp_events::Event;

const PATHS: [&str; 7] = [
    "metadata.a",
    "metadata.b",
    "metadata.a.b",
    "metadata.b.a.b",
    "metadata['c d']",
    "metadata.a['c d']",
    "metadata.missing.at.any.depth",
];
const NAMES: [&str; 3] = ["a", "b", "c d"];
const NUMBERS: [&str; 12] =
    ["0", "0.0", "-0.0", "1", "5", "5.0", "-7", "24.0", "3.5", "1e300", "9007199254740993", "-1.5e-7"];

/// The model in both forms; all of its conditions are native in the first.
fn both_forms(when: &str) -> (ScoringModel, ScoringModel) {
    let document = json!({
        "name": "t", "version": 1,
        "events": {"e": {"base": 0.5, "signal_type": "s", "group": "intent"}},
        "modifiers": [{"id": "m", "when": when, "add": 0.1}],
    });
    let native = compile(&document, Compiler::default()).unwrap();
    let interpreted = compile(&document, Compiler { interpret_all: true, ..Compiler::default() }).unwrap();
    assert!(matches!(native.modifiers[0].condition, Condition::Native(_)), "{when}");
    assert!(matches!(interpreted.modifiers[0].condition, Condition::Cel(_)), "{when}");
    (native, interpreted)
}

fn agree(when: &str, events: &[Value]) -> Result<(), TestCaseError> {
    let (native, interpreted) = both_forms(when);
    for metadata in events {
        let event =
            Event::builder("a", "u", "e", "2024-12-21").metadata(metadata.to_string()).build().unwrap();
        let explanation = native.explain(&event).unwrap();
        prop_assert_eq!(&explanation.steps[1].error, &None);
        prop_assert_eq!(&explanation, &interpreted.explain(&event).unwrap(), "{} {}", when, metadata);
        prop_assert_eq!(native.score(&event), interpreted.score(&event));
    }
    Ok(())
}

fn expression() -> impl Strategy<Value = String> {
    let path = || prop::sample::select(&PATHS);
    let operator = prop::sample::select(&["<", "<=", ">", ">=", "==", "!="]);
    let leaf = prop_oneof![
        path().prop_map(|path| format!("truthy({path})")),
        (path(), operator, prop::sample::select(&NUMBERS), any::<bool>()).prop_map(
            |(path, operator, number, turned)| {
                if turned {
                    format!("{number} {operator} num({path})")
                } else {
                    format!("num({path}) {operator} {number}")
                }
            }
        ),
        any::<bool>().prop_map(|truth| truth.to_string()),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("!({inner})")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" && ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" || ")),
            inner.prop_map(|inner| format!("({inner})")),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        " ",
        "0",
        "5",
        " 5 ",
        "-7",
        "0x5",
        "0b101",
        "1e3",
        "abc",
        "Infinity",
        "inf",
        "NaN",
        "24",
        "3.5",
        "\u{feff}1",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-10_i64..30).prop_map(Value::from),
        prop::sample::select(vec![
            json!(-0.0),
            json!(1e300),
            json!(u64::MAX),
            json!(9_007_199_254_740_993_i64),
            json!(-1.5e-7)
        ]),
        (-10.0_f64..30.0).prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from), object_of(inner),]
    })
}

fn object_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((prop::sample::select(&NAMES), value), 0..4)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

proptest! {
    // Parsing CEL is slow without optimization: few conditions, many events.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn native_conditions_agree_with_cel(
        when in expression(),
        events in prop::collection::vec(object_of(value()), 32),
    ) {
        agree(&when, &events)?;
    }
}

#[test]
fn they_agree_about_every_operator_and_every_kind_of_value() {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-0.0),
        json!(5),
        json!(5.5),
        json!(""),
        json!("5"),
        json!("abc"),
        json!([]),
        json!([5]),
        json!([[5]]),
        json!([null]),
        json!([true]),
        json!([1, 2]),
        json!({}),
        json!({"a": 5}),
        json!("Infinity"),
        json!("0x5"),
    ];
    let mut events: Vec<_> = values.iter().map(|value| json!({"a": value})).collect();
    events.push(json!({}));
    for operator in ["<", "<=", ">", ">=", "==", "!="] {
        for literal in ["5", "5.0", "0", "-1"] {
            agree(&format!("num(metadata.a) {operator} {literal}"), &events).unwrap();
            agree(&format!("{literal} {operator} num(metadata.a)"), &events).unwrap();
        }
    }
    agree("truthy(metadata.a)", &events).unwrap();
    agree("!truthy(metadata.a.a) || num(metadata.a.a) == 5", &events).unwrap();
}
