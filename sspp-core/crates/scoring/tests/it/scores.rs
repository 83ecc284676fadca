//! The engine against the predecessor's scores, and what an explanation says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use sspp_core::StepKind::{Base, Cap, Modifier, Round};
use sspp_core::{Event, ScoringModel, Units};

fn event(event_type: &str, metadata: &str) -> Event {
    Event::builder("acc_1", "user_1", event_type, "2024-12-21T10:00:00Z").metadata(metadata).build().unwrap()
}

fn score(event_type: &str, metadata: &str) -> String {
    let model = ScoringModel::embedded_default();
    let event = event(event_type, metadata);
    let scored = model.score(&event).unwrap();
    assert_eq!(model.explain(&event).unwrap().score, scored.score);
    scored.score.to_string()
}

/// A model of one event type worth 0.50 whose one modifier adds 0.10.
fn model_when(when: &str) -> ScoringModel {
    let when = serde_json::Value::from(when);
    let document = format!(
        r#"{{"name":"t","version":1,"events":{{"e":{{"base":0.5,"signal_type":"s","group":"intent"}}}},
            "modifiers":[{{"id":"m","when":{when},"add":0.1}}]}}"#
    );
    ScoringModel::from_json(&document).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Whether a condition fires for metadata, and the error if there is one.
fn outcome(when: &str, metadata: &str) -> (bool, Option<String>) {
    let model = model_when(when);
    let event = event("e", metadata);
    let explanation = model.explain(&event).unwrap();
    let step = &explanation.steps[1];
    assert_eq!(model.score(&event).unwrap().score, explanation.score);
    (step.fired.unwrap(), step.error.clone())
}

#[test]
fn scores_are_the_predecessors() {
    let metadata = [
        "{}",
        r#"{"responseTimeHours":23.9}"#,
        r#"{"interactionCount":4}"#,
        r#"{"responseTimeHours":1,"interactionCount":9}"#,
    ];
    let golden = [
        ("email_sent", "outreach", ["0.10", "0.20", "0.25", "0.35"]),
        ("email_opened", "engagement", ["0.30", "0.40", "0.45", "0.55"]),
        ("email_clicked", "high_engagement", ["0.60", "0.70", "0.75", "0.85"]),
        ("meeting_booked", "intent", ["0.80", "0.90", "0.95", "1.00"]),
        ("call_made", "outreach", ["0.50", "0.60", "0.65", "0.75"]),
        ("demo_completed", "high_intent", ["0.90", "1.00", "1.00", "1.00"]),
    ];
    for (event_type, signal_type, scores) in golden {
        for (metadata, expected) in metadata.iter().zip(scores) {
            assert_eq!(score(event_type, metadata), expected, "{event_type} {metadata}");
        }
        let model = ScoringModel::embedded_default();
        assert_eq!(model.rule(event_type).unwrap().signal_type.as_str(), signal_type);
    }
}

#[test]
fn values_are_coerced_as_the_predecessor_did() {
    for value in ["0", r#""""#, "null", "false", "{}", r#""abc""#, "24"] {
        let metadata = format!(r#"{{"responseTimeHours":{value}}}"#);
        assert_eq!(score("email_clicked", &metadata), "0.60", "{metadata}");
    }
    for value in ["-1", r#""5""#, r#""0""#, r#"" 5 ""#, "true", "[]", "[5]"] {
        let metadata = format!(r#"{{"responseTimeHours":{value}}}"#);
        assert_eq!(score("email_clicked", &metadata), "0.70", "{metadata}");
    }
    for value in ["4", r#""4""#, "[4]"] {
        let metadata = format!(r#"{{"interactionCount":{value}}}"#);
        assert_eq!(score("email_clicked", &metadata), "0.75", "{metadata}");
    }
    for value in ["3", "true", r#""abc""#] {
        let metadata = format!(r#"{{"interactionCount":{value}}}"#);
        assert_eq!(score("email_clicked", &metadata), "0.60", "{metadata}");
    }
}

#[test]
fn the_default_model_lists_its_event_types_in_document_order() {
    let model = ScoringModel::embedded_default();
    let types: Vec<_> = model.event_rules().iter().map(|rule| rule.event_type.as_str()).collect();
    assert_eq!(
        types,
        ["email_sent", "email_opened", "email_clicked", "meeting_booked", "call_made", "demo_completed"]
    );
    assert_eq!(
        (model.name(), model.version(), model.description()),
        ("default", 1, "The predecessor's constants")
    );
}

#[test]
fn an_explanation_tells_every_step() {
    let model = ScoringModel::embedded_default();
    let event = event("demo_completed", r#"{"responseTimeHours": "5", "interactionCount": 4}"#);
    let explanation = model.explain(&event).unwrap();
    let reported: Vec<_> = explanation
        .steps
        .iter()
        .map(|step| {
            (step.kind, step.id, step.fired, step.reason.as_ref(), step.delta.get(), step.total.get())
        })
        .collect();
    assert_eq!(
        reported,
        [
            (Base, None, None, "demo_completed is worth 0.90", 9_000, 9_000),
            (Modifier, Some("quick_response"), Some(true), "answered within 24 hours", 1_000, 10_000),
            (Modifier, Some("repeated_interaction"), Some(true), "more than 3 interactions", 1_500, 11_500),
            (Cap, None, None, "cut to the most a signal can be worth, 1.00", -1_500, 10_000),
            (Round, None, None, "rounded half up to 0.01", 0, 10_000),
        ]
    );
    let inputs = &explanation.steps[1].inputs;
    assert_eq!(inputs.len(), 1, "a path that is read twice is reported once");
    assert_eq!(inputs[0].path, "metadata.responseTimeHours");
    assert_eq!(inputs[0].value, Some("5".into()));
}

#[test]
fn verbs_do_what_they_say() {
    let score_with = |modifiers: &str, signal: &str| {
        let model = ScoringModel::from_toml(&format!(
            "name = 't'\nversion = 1\nevents.e = {{ base = 0.5, signal_type = 's', group = 'intent' }}\n\
             modifiers = [{modifiers}]\nsignal = {{ {signal} }}"
        ))
        .unwrap();
        let event = event("e", "{}");
        let explanation = model.explain(&event).unwrap();
        (
            explanation.score.to_string(),
            explanation.steps.iter().map(|step| step.delta.get()).collect::<Vec<_>>(),
        )
    };
    let modifier = |id: &str, verb: &str| format!("{{ id = '{id}', when = 'true', {verb} }}, ");
    assert_eq!(score_with(&modifier("a", "add = -0.2"), ""), ("0.30".into(), vec![5_000, -2_000, 0, 0]));
    assert_eq!(score_with(&modifier("a", "multiply = 1.111"), ""), ("0.56".into(), vec![5_000, 555, 0, 45]));
    assert_eq!(score_with(&modifier("a", "set = 0.7"), ""), ("0.70".into(), vec![5_000, 2_000, 0, 0]));
    assert_eq!(score_with(&modifier("a", "cap = 0.4"), ""), ("0.40".into(), vec![5_000, -1_000, 0, 0]));
    assert_eq!(score_with(&modifier("a", "cap = 0.6"), ""), ("0.50".into(), vec![5_000, 0, 0, 0]));
    assert_eq!(
        score_with(&modifier("a", "add = -3"), "min = 0.25, max = 2"),
        ("0.25".into(), vec![5_000, -30_000, 27_500, 0])
    );
    let dropping = modifier("d", "drop = true") + &modifier("late", "add = 0.3");
    assert_eq!(score_with(&dropping, "min = 0.25"), ("0.00".into(), vec![5_000, -5_000, 0, 0, 0]));
}

#[test]
fn what_follows_a_drop_is_listed_as_skipped() {
    let model = ScoringModel::from_json(
        r#"{"name":"t","version":1,"events":{"e":{"base":0.5,"signal_type":"s","group":"intent"}},"modifiers":[
            {"id":"gone","when":"true","drop":true,"reason":"a test"},{"id":"late","when":"true","add":1}]}"#,
    )
    .unwrap();
    let event = event("e", "{}");
    let explanation = model.explain(&event).unwrap();
    let late = &explanation.steps[2];
    assert_eq!((late.id, late.fired, late.delta), (Some("late"), Some(false), Units::ZERO));
    assert_eq!(late.reason, "skipped: 'gone' dropped the signal");
    assert_eq!(explanation.steps[3].reason, "the signal was dropped: bounds do not apply");
}

#[test]
fn conditions_can_say_what_cel_can() {
    let metadata =
        r#"{"stage": "won", "amount": 1200, "tags": ["a", "vip"], "deep": {"x": [5]}, "a b": "1"}"#;
    for when in [
        "metadata.stage == 'won' && metadata.amount > 1000",
        "metadata.amount >= 1200.0",
        "'vip' in metadata.tags",
        "size(metadata.tags) == 2",
        "metadata.tags.size() == 2",
        "metadata.stage.startsWith('w') && metadata.stage.matches('^w.n$')",
        "has(metadata.amount) && !has(metadata.other)",
        "eventType == 'e' && accountId == 'acc_1' && userId == 'user_1' && source == ''",
        "num(metadata.deep.x) == 5",
        "num(metadata.deep.x[0]) == 5",
        "truthy(metadata['a b']) && num(metadata['a b']) == 1",
        "num(metadata.amount + 1.0) == 1201.0",
        "truthy(metadata.nothing) ? false : true",
        "!truthy(metadata.a.b.c)",
        "!truthy(metadata.amount.b.c)",
        "!truthy(metadata.tags[9])",
        "!truthy(metadata.nothing + 1.0)",
        "num(metadata.nothing) != 5",
        "truthy(num(metadata.amount))",
        "truthy(metadata)",
        "true",
    ] {
        assert_eq!(outcome(when, metadata), (true, None), "{when}");
    }
}

#[test]
fn comparing_what_is_not_a_number_is_quietly_false() {
    for operator in ["<", "<=", ">", ">=", "=="] {
        for when in [
            format!("num(metadata.nothing) {operator} 5"),
            format!("5.0 {operator} num(metadata.nothing)"),
            format!("num(metadata.nothing) {operator} num(metadata.nothing)"),
            format!("num(metadata.nothing) {operator} size('abc')"),
            format!("double('NaN') {operator} 1u"),
        ] {
            assert_eq!(outcome(&when, "{}"), (false, None), "{when}");
        }
    }
}

#[test]
fn other_errors_mean_not_fired_and_are_explained() {
    let cases = [
        ("metadata.nothing > 3.0", "there is no member 'nothing'"),
        ("metadata.list[7] == 1.0", "the list has no such element"),
        ("metadata.text > 3.0", "found no matching overload for '_>_' applied to '(string, double)'"),
        ("metadata.number + metadata.text == 1.0", "cannot add a float and a string"),
        ("metadata.number", "the condition is not a boolean but a double"),
        ("num(1 / 0) == 1", "division by zero"),
        ("truthy(size(metadata.number))", "found no matching overload for 'size' applied to '(double)'"),
    ];
    for (when, expected) in cases {
        let (fired, error) = outcome(when, r#"{"text": "a", "number": 1, "list": [1]}"#);
        assert_eq!((fired, error.as_deref()), (false, Some(expected)), "{when}");
    }
}

#[test]
fn large_inputs_do_not_bloat_an_explanation() {
    let model = model_when(
        "truthy(metadata.text) && truthy(metadata.list) && truthy(metadata.small) && truthy(metadata.deep.x)",
    );
    let long = "ä".repeat(201);
    let list = vec![1; 200];
    let metadata = serde_json::json!({"text": long, "list": list, "small": {"a": [1]}}).to_string();
    let event = event("e", &metadata);
    let explanation = model.explain(&event).unwrap();
    let values: Vec<_> = explanation.steps[1].inputs.iter().map(|input| input.value.clone()).collect();
    assert_eq!(values[0], Some(format!("{}…", "ä".repeat(200)).into()));
    assert_eq!(values[1], Some(format!("[{}…", "1,".repeat(100).get(..199).unwrap()).into()));
    assert_eq!(values[2], Some(serde_json::json!({"a": [1]})));
    assert_eq!(values[3], None);
}

#[test]
fn inputs_are_explained_for_interpreted_conditions_too() {
    let model =
        model_when("source == 'crm' || metadata.deal.stage.startsWith('w') || metadata['a b'] == 1.0");
    let event = event("e", r#"{"deal": {"stage": "won"}}"#);
    let explanation = model.explain(&event).unwrap();
    let inputs: Vec<_> =
        explanation.steps[1].inputs.iter().map(|input| (input.path, input.value.clone())).collect();
    assert_eq!(
        inputs,
        [
            ("source", Some("".into())),
            ("metadata.deal.stage", Some("won".into())),
            (r#"metadata["a b"]"#, None)
        ]
    );
}
