//! A model made in code: the same document, read by the same rules.

use serde_json::{Map, Number, Value};

use super::faults::{ModelFault, ModelFaults};
use super::model::ScoringModel;
use super::reader::member_path;

/// Makes a [`ScoringModel`] in code. It writes the model's document and reads it as a file is read: the same faults, and the
/// same [digest](ScoringModel::digest) as the same document in TOML or JSON has.
///
/// ```
/// use sspp_core::{Event, ModelModifier, ScoringModel};
/// let model = ScoringModel::builder("webinars", 1)
///     .event_type("webinar_attended", 0.70, "high_engagement", "engagement")
///     .modifier(ModelModifier::new("stayed", "num(metadata.minutes) >= 30.0").add(0.20).reason("stayed for half an hour"))
///     .build()
///     .unwrap();
/// let event = Event::builder("acc_1", "user_1", "webinar_attended", "2024-12-21").metadata(r#"{"minutes": 45}"#).build().unwrap();
/// assert_eq!(model.score(&event).unwrap().score.to_string(), "0.90");
///
/// let faults = ScoringModel::builder("webinars", 0).event_type("webinar_attended", 0.123_45, "x", "nowhere").build().unwrap_err();
/// let paths: Vec<_> = faults.0.iter().map(|fault| fault.path.as_str()).collect();
/// assert_eq!(paths, ["version", "events.webinar_attended.base", "events.webinar_attended.group"]);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ScoringModelBuilder {
    document: Map<String, Value>,
    events: Map<String, Value>,
    modifiers: Vec<Value>,
    account: Map<String, Value>,
    groups: Map<String, Value>,
    tiers: Vec<Value>,
    /// What was said twice: a document cannot even hold that.
    twice: Vec<ModelFault>,
}

/// A modifier of a model that is made in code: a condition in CEL, and what follows when it holds.
///
/// ```
/// use sspp_core::{ModelModifier, ScoringModel};
/// let two_verbs = ModelModifier::new("x", "true").add(0.1).cap(0.5);
/// let model = ScoringModel::builder("m", 1).event_type("call_made", 0.5, "outreach", "outreach").modifier(two_verbs);
/// assert_eq!(model.build().unwrap_err().0[0].path, "modifiers[0]");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ModelModifier(Map<String, Value>);

fn number(number: f64) -> Value {
    // What is no number is null, which every reader of an amount refuses.
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

impl ModelModifier {
    /// A modifier with an id, whose condition is an expression in CEL. It needs exactly one verb.
    pub fn new(id: impl Into<String>, when: impl Into<String>) -> Self {
        Self(Map::from_iter([("id".to_owned(), id.into().into()), ("when".to_owned(), when.into().into())]))
    }

    /// Adds an amount, which may be negative.
    #[expect(clippy::should_implement_trait, reason = "the verb of the document")]
    pub fn add(self, amount: f64) -> Self {
        self.with("add", number(amount))
    }

    /// Multiplies by a factor, half up to 0.0001.
    pub fn multiply(self, factor: f64) -> Self {
        self.with("multiply", number(factor))
    }

    /// Replaces what was added up so far.
    pub fn set(self, amount: f64) -> Self {
        self.with("set", number(amount))
    }

    /// Cuts what was added up so far down to an amount.
    pub fn cap(self, amount: f64) -> Self {
        self.with("cap", number(amount))
    }

    /// Makes the score 0 and skips the modifiers that follow.
    pub fn drop_score(self) -> Self {
        self.with("drop", Value::Bool(true))
    }

    /// Why, in words, for explanations.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with("reason", Value::String(reason.into()))
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.0.insert(member.to_owned(), value);
        self
    }
}

impl ScoringModel {
    /// Begins a model with a name and a version, from 1. It needs at least one event type.
    pub fn builder(name: impl Into<String>, version: u32) -> ScoringModelBuilder {
        let document =
            Map::from_iter([("name".to_owned(), name.into().into()), ("version".to_owned(), version.into())]);
        ScoringModelBuilder {
            document,
            events: Map::new(),
            modifiers: Vec::new(),
            account: Map::new(),
            groups: Map::new(),
            tiers: Vec::new(),
            twice: Vec::new(),
        }
    }
}

impl ScoringModelBuilder {
    /// What the model is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.document.insert("description".to_owned(), description.into().into());
        self
    }

    /// An event type: what it is worth before modifiers, what it tells, and the account's group that it counts in.
    pub fn event_type(
        mut self,
        event_type: impl Into<String>,
        base: f64,
        signal_type: impl Into<String>,
        group: impl Into<String>,
    ) -> Self {
        let rule = object([
            ("base", number(base)),
            ("signal_type", signal_type.into().into()),
            ("group", group.into().into()),
        ]);
        let fault = named(&mut self.events, "events", event_type.into(), rule);
        self.twice.extend(fault);
        self
    }

    /// A modifier. Modifiers apply in the order in which they are given.
    pub fn modifier(mut self, modifier: ModelModifier) -> Self {
        self.modifiers.push(modifier.0.into());
        self
    }

    /// The bounds of a signal's score, multiples of 0.01; 0 and 1 unless given.
    pub fn bounds(mut self, min: f64, max: f64) -> Self {
        self.document.insert("signal".to_owned(), object([("min", number(min)), ("max", number(max))]));
        self
    }

    /// How many points a fresh signal of 1.00 gives an account; 30 unless given.
    pub fn account_points(mut self, points: f64) -> Self {
        self.account.insert("points".to_owned(), number(points));
        self
    }

    /// The highest score of an account; 100 unless given.
    pub fn account_max(mut self, max: f64) -> Self {
        self.account.insert("max".to_owned(), number(max));
        self
    }

    /// A group of an account: the most that it adds to the score, and after how many days a signal counts half. Given one, the
    /// groups of the default model are not there.
    pub fn group(mut self, name: impl Into<String>, cap: f64, half_life_days: f64) -> Self {
        let rule = object([("cap", number(cap)), ("half_life_days", number(half_life_days))]);
        let fault = named(&mut self.groups, "account.groups", name.into(), rule);
        self.twice.extend(fault);
        self
    }

    /// A tier of accounts, from the highest down; the last one is entered at 0. Given one, the tiers of the default model are not
    /// there.
    pub fn tier(mut self, name: impl Into<String>, enter: f64, leave: f64) -> Self {
        let tier = [("name", name.into().into()), ("enter", number(enter)), ("leave", number(leave))];
        self.tiers.push(object(tier));
        self
    }

    /// Checks and compiles it; every fault comes with its path in the document.
    pub fn build(self) -> Result<ScoringModel, ModelFaults> {
        let Self { mut document, events, modifiers, mut account, groups, tiers, twice } = self;
        if !groups.is_empty() {
            account.insert("groups".to_owned(), groups.into());
        }
        let tables =
            [("events", events), ("account", account)].map(|(name, table)| (name, Value::from(table)));
        let lists =
            [("modifiers", modifiers), ("tiers", tiers)].map(|(name, list)| (name, Value::from(list)));
        // What nothing was said of is as in the default model.
        let said = tables
            .into_iter()
            .chain(lists)
            .filter(|(_, value)| *value != object([]) && *value != Value::Array(Vec::new()));
        document.extend(said.map(|(name, value)| (name.to_owned(), value)));
        match ScoringModel::of(&document.into()) {
            Ok(model) if twice.is_empty() => Ok(model),
            Ok(_) => Err(ModelFaults(twice)),
            Err(ModelFaults(faults)) => Err(ModelFaults(twice.into_iter().chain(faults).collect())),
        }
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// Keeps a table under its name, unless there is one.
fn named(tables: &mut Map<String, Value>, path: &str, name: String, table: Value) -> Option<ModelFault> {
    if tables.contains_key(&name) {
        return Some(ModelFault { path: member_path(path, &name), detail: "is given twice".to_owned() });
    }
    tables.insert(name, table);
    None
}
