//! What is refused in a model document, each fault with its path.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use sspp_core::{Event, ModelFaults, ScoringModel};

const VALID: &str = r#"
name = "t"
version = 1
[events.e]
base = 0.5
signal_type = "s"
group = "intent"
"#;

fn faults(result: Result<ScoringModel, ModelFaults>) -> Vec<(String, String)> {
    result.unwrap_err().0.into_iter().map(|fault| (fault.path, fault.detail)).collect()
}

fn faults_of(addition: &str) -> Vec<(String, String)> {
    faults(ScoringModel::from_toml(&format!("{VALID}{addition}")))
}

#[track_caller]
fn refused(addition: &str, path: &str, detail: &str) {
    assert_eq!(faults_of(addition), [(path.to_owned(), detail.to_owned())], "{addition}");
}

#[track_caller]
fn refused_when(when: &str, detail: &str) {
    let when = serde_json::Value::from(when);
    refused(&format!("[[modifiers]]\nid = 'm'\nadd = 0.1\nwhen = {when}"), "modifiers[0].when", detail);
}

#[test]
fn every_fault_is_named() {
    let found = faults(ScoringModel::from_toml(
        r#"
        version = 1.5
        colour = "red"
        [events.a]
        base = "much"
        signal_type = ""
        group = "nobody"
        [events.b]
        base = 1000.5
        signal_type = "s"
        [[modifiers]]
        id = "m"
        when = "unknown && nothing(1)"
        add = 0.00001
        [[modifiers]]
        id = "m"
        when = "true"
        add = 1
        set = 1
        [signal]
        min = 0.005
        max = -1
        [account]
        points = 0
        [account.groups.intent]
        cap = 0
        [[tiers]]
        name = "hot"
        enter = 50
        leave = 60
        [[tiers]]
        name = "hot"
        enter = 50
        leave = 40
        "#,
    ));
    let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "name",
            "version",
            "account.points",
            "account.groups.intent.cap",
            "account.groups.intent.half_life_days",
            "events.a.base",
            "events.a.signal_type",
            "events.a.group",
            "events.b.base",
            "events.b.group",
            "modifiers[0].when",
            "modifiers[0].when",
            "modifiers[0].add",
            "modifiers[1].id",
            "modifiers[1]",
            "signal.min",
            "signal.max",
            "tiers[0].leave",
            "tiers[1].name",
            "tiers[1].enter",
            "tiers[1].enter",
            "colour",
        ],
        "{found:#?}"
    );
}

#[test]
fn faults_are_written_one_a_line() {
    let faults = ScoringModel::from_toml("name = 't'\nversion = 1\nfoo = 1\n[events]").unwrap_err();
    assert_eq!(
        faults.to_string(),
        "the scoring model has 2 faults:\n\
         events: must name at least one event type\n\
         foo: is not known here; known are name, version, description, account, events, modifiers, signal, tiers"
    );
}

#[test]
fn syntax_errors_have_a_place() {
    let toml = faults(ScoringModel::from_toml("name = 't'\nversion = = 1"));
    assert_eq!(toml.len(), 1);
    assert!(toml[0].0.is_empty() && toml[0].1.starts_with("is not TOML at line 2 column 11: "), "{toml:?}");
    let json = faults(ScoringModel::from_json("{\"name\": \"t\",\n \"version\" 1}"));
    assert_eq!(json.len(), 1);
    assert!(json[0].1.starts_with("is not JSON: ") && json[0].1.ends_with("at line 2 column 12"), "{json:?}");
    let twice = faults(ScoringModel::from_json("{\"name\": \"t\",\n \"events\": {\"e\": 1, \"e\": 2}}"));
    assert_eq!(twice.len(), 1);
    assert!(twice[0].1.starts_with("is not JSON: the member 'e' appears twice at line 2"), "{twice:?}");
    assert_eq!(faults(ScoringModel::from_json("[]"))[0].1, "must be a table, is a list");
    let large = " ".repeat((1 << 20) + 1);
    assert_eq!(
        faults(ScoringModel::from_toml(&large))[0].1,
        "the document has 1048577 bytes; at most 1048576 are read"
    );
}

#[test]
fn bounds_of_a_signal() {
    refused("[signal]\nmin = -0.01", "signal.min", "must be from 0 to 1000, is -0.01");
    refused("[signal]\nmin = 0.8\nmax = 0.5", "signal.min", "must not be above max: 0.80 is above 0.50");
    refused("[signal]\nmax = 0.505", "signal.max", "must be a multiple of 0.01, is 0.5050");
    refused("[signal]\nmax = 0.00001", "signal.max", "must not be finer than 0.0001, is 0.00001");
    refused("[signal]\nmax = true", "signal.max", "must be a number, is a boolean");
}

#[test]
fn accounts_and_tiers() {
    assert_eq!(
        faults_of("[account.groups]")[0],
        ("account.groups".into(), "must name at least one group".into())
    );
    let tier = |name: &str, enter: f64, leave: f64| {
        format!("[[tiers]]\nname = '{name}'\nenter = {enter:?}\nleave = {leave:?}\n")
    };
    refused(
        &tier("a", 10.0, 5.0),
        "tiers[0].enter",
        "must be 0 for the last tier, so that every score has one; is 10.00",
    );
    refused(
        &(tier("a", 10.0, 5.0) + &tier("b", 20.0, 5.0) + &tier("c", 0.0, 0.0)),
        "tiers[1].enter",
        "must be below the tier before it: 20.00 is not below 10.00",
    );
    refused(
        &(tier("a", 10.0, 11.0) + &tier("c", 0.0, 0.0)),
        "tiers[0].leave",
        "must not be above enter: 11.00 is above 10.00",
    );
    refused(&(tier("a", 10.0, 5.0) + &tier("a", 0.0, 0.0)), "tiers[1].name", "is used twice: 'a'");
    let model = ScoringModel::from_toml(VALID).unwrap();
    let default = ScoringModel::embedded_default();
    assert_eq!((model.account(), model.tiers()), (default.account(), default.tiers()));
}

#[test]
fn groups_are_the_accounts() {
    refused(
        "[account.groups.own]\ncap = 1\nhalf_life_days = 1",
        "events.e.group",
        "does not name a group of the account: 'intent'; known are own",
    );
}

#[test]
fn modifiers() {
    let modifier = |rest: &str| format!("[[modifiers]]\nid = 'm'\nwhen = 'true'\n{rest}");
    let one_verb = "must have exactly one of add, multiply, set, cap, drop; has ";
    refused(&modifier(""), "modifiers[0]", &format!("{one_verb}none"));
    refused(&modifier("add = 1\ndrop = true"), "modifiers[0]", &format!("{one_verb}add and drop"));
    refused(&modifier("drop = false"), "modifiers[0].drop", "must be true; leave it out otherwise");
    refused(&modifier("multiply = -1"), "modifiers[0].multiply", "must be from 0 to 1000, is -1");
    refused(&modifier("add = 1000.5"), "modifiers[0].add", "must be from -1000 to 1000, is 1000.5");
    let many = (0..65).map(|at| {
        format!(
            "[[modifiers]]
id = 'm{at}'
when = 'true'
add = 0.1
"
        )
    });
    let many = many.collect::<Vec<_>>().concat();
    refused(&many, "modifiers", "has 65 entries; at most 64 are allowed");
}

#[test]
fn conditions() {
    refused_when("", "is not CEL at line 1 column 1: mismatched input '<EOF>'");
    refused_when(
        "nonsense.a == 1",
        "does not know the variable 'nonsense'; known are metadata, eventType, accountId, userId, source",
    );
    for name in ["all", "exists", "exists_one", "map", "filter"] {
        let detail = format!("must not use the macro '{name}': macros that loop are refused");
        refused_when(&format!("metadata.items.{name}(x, x > 1)"), &detail);
    }
    refused_when(
        "truthy(metadata.a) && nothing(metadata.b)",
        "does not know the function 'nothing'; known are truthy, num, size, string, double, int, uint, bool, matches",
    );
    refused_when("truthy()", "must call 'truthy' with 1 arguments, not 0");
    refused_when(
        "metadata.a.matches(metadata.b)",
        "must call 'matches' with a string literal as its pattern",
    );
    refused_when(&format!("truthy('{}')", "x".repeat(5_000)), "has 5010 bytes; at most 4096 are allowed");
    refused_when(&format!("{}0 == 0", "1 + ".repeat(500)), "nests more than 40 levels deep");
}

/// Runs on a thread with the stack of a worker thread.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
}

fn model_when(when: &str) -> Result<ScoringModel, ModelFaults> {
    let when = serde_json::Value::from(when);
    ScoringModel::from_toml(&format!("{VALID}[[modifiers]]\nid = 'm'\nadd = 0.1\nwhen = {when}"))
}

#[test]
fn what_nests_too_deeply_is_refused_and_not_crashed_on() {
    let conditions = [
        "(".repeat(2_000) + "true" + &")".repeat(2_000),
        "[".repeat(2_000) + &"]".repeat(2_000),
        "truthy(".repeat(500) + "1" + &")".repeat(500),
        "{1:".repeat(800) + "1" + &"}".repeat(800),
        "1+".repeat(2_000) + "1 == 1",
        "1<".repeat(2_000) + "1",
        "metadata".to_owned() + &".a".repeat(2_000),
        "metadata".to_owned() + &"[0]".repeat(1_300),
        "true ? true : ".repeat(280) + "true",
    ];
    for when in conditions {
        let faults = on_a_small_stack({
            let when = when.clone();
            move || faults(model_when(&when))
        });
        assert_eq!(faults[0].1, "nests more than 40 levels deep", "{}", &when[..20]);
    }
    let documents = [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "a = [".to_owned() + &"[".repeat(100_000),
        "[a.".to_owned() + &"a.".repeat(100_000) + "a]",
    ];
    for document in documents {
        on_a_small_stack(move || {
            assert!(ScoringModel::from_json(&document).is_err());
            assert!(ScoringModel::from_toml(&document).is_err());
        });
    }
}

#[test]
fn what_may_nest_can_be_evaluated() {
    let conditions = [
        "num(".repeat(37) + "metadata.a" + &")".repeat(37) + " == 1",
        "1+".repeat(38) + "1 == 39",
        "!".repeat(4_000) + "truthy(metadata.a)",
        "truthy(metadata.a)&&".repeat(200) + "true",
        "true||false&&".repeat(300) + "true",
        "(".repeat(20) + "true" + &")".repeat(20),
        "metadata".to_owned() + &"['a']".repeat(37) + " == 1 || true",
    ];
    for when in conditions {
        let fired = on_a_small_stack({
            let when = when.clone();
            move || {
                let model = model_when(&when).unwrap_or_else(|faults| panic!("{faults}"));
                let event =
                    Event::builder("a", "u", "e", "2024-12-21").metadata(r#"{"a": 1}"#).build().unwrap();
                let step = model.explain(&event).unwrap().steps.swap_remove(1);
                (step.fired, step.error)
            }
        });
        assert_eq!(fired, (Some(true), None), "{}", &when[..20]);
    }
}

/// Computed by other means from the document: stored signals name their model by it.
#[test]
fn the_digest_of_the_default_model_never_changes() {
    assert_eq!(
        ScoringModel::embedded_default().digest().to_string(),
        "df7ee5dc2aa4bd8445f2d05f3b687930511dcd2c9ccfc45329dc4e196e8d7f67"
    );
}
