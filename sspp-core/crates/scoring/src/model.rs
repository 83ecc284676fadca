//! A scoring model: what it is made from, what it answers.

use std::collections::HashMap;

use super::cel_host::CelHost;
use super::extraction::Extraction;
use super::paths::PathTable;
use super::rules::{AccountRules, Bounds, EventRule, Modifier, TierRule};
use super::wording::Wording;
use crate::ModelRecord;
use sspp_events::{EventType, KnownTypes, ModelDigest};

/// A compiled scoring model: what every event type is worth, and what changes that.
///
/// A model is a document in TOML or JSON. It scores without clock and I/O, in integers of 0.0001, so the same
/// document gives the same score and the same explanation everywhere and for ever.
///
/// ```
/// use sspp_core::{Event, ScoringModel};
///
/// let model = ScoringModel::from_toml(r#"
///     name = "webinars"
///     version = 3
///     description = "Deals that begin with a webinar"
///
///     [events.webinar_attended]      # any name is an event type
///     base = 0.40                    # at most four decimals
///     signal_type = "engagement"
///     group = "engagement"           # one of account.groups
///
///     [[modifiers]]                  # tried in order, every one that holds applies
///     id = "stayed"
///     when = "num(metadata.minutes) >= 30.0"
///     add = 0.155
///     reason = "stayed for half an hour"
///
///     [[modifiers]]
///     id = "own_people"
///     when = "source == 'intranet' || metadata.email.endsWith('@example.com')"
///     drop = true
///     reason = "one of us"
/// "#).unwrap();
///
/// let event = Event::builder("acc_1", "user_1", "webinar_attended", "2024-12-21")
///     .metadata(r#"{"minutes": "45", "email": "ada@customer.test"}"#)
///     .build()
///     .unwrap();
/// let explanation = model.explain(&event).unwrap();
/// assert_eq!(explanation.score.to_string(), "0.56"); // 0.555, rounded half up
/// assert_eq!(explanation.steps[1].reason, "stayed for half an hour");
/// assert_eq!(explanation.steps[2].fired, Some(false));
/// ```
///
/// # The document
///
/// - `name`, `version` (1 or more) and, if you like, `description`.
/// - `[events.<type>]`: `base`, `signal_type`, `group`. Their order is kept.
/// - `[[modifiers]]`, at most 64: `id`, `when`, exactly one verb, and, if you like, a `reason`. The verbs: `add` (may be
///   negative), `multiply` (half up to 0.0001), `set`, `cap` (an upper limit), `drop = true` (the score is 0 whatever
///   `signal.min` says, and later modifiers are skipped).
/// - `[signal]`: `min` and `max`, multiples of 0.01 within which every score lies; 0 and 1 unless given.
/// - `[account]` with `points`, `max` and `[account.groups.<name>]` (`cap`, `half_life_days`), and `[[tiers]]` from the
///   highest down (`name`, `enter`, `leave`, the last one entered at 0). What is absent is as in the default model.
///
/// All amounts lie between -1,000 and 1,000. A document with a fault is refused as a whole; [`ModelFaults`](crate::ModelFaults) names all of
/// them.
///
/// # Conditions
///
/// `when` is an expression in CEL, the Common Expression Language, of up to 4 KiB. It knows `metadata` (always a map;
/// its numbers are doubles), `eventType`, `accountId`, `userId` and `source` (strings; `source` is "" when absent), the
/// functions `size`, `string`, `double`, `int`, `uint`, `bool`, the methods `contains`, `startsWith`, `endsWith`,
/// `matches` (with a literal pattern), `has(metadata.x)`, and two of its own:
///
/// - `truthy(x)`: as JavaScript's `Boolean(x)`. False for false, 0, "" and null, true for everything else.
/// - `num(x)`: as JavaScript's `Number(x)`: true is 1, "" and `[]` are 0, " 5 ", "0x5" and `[5]` are 5. There is one
///   deliberate difference: null is not a number here, where JavaScript makes it 0.
///
/// In both, a missing member of the argument, at any depth, is null. Comparing NaN is false
/// (only `!=` is true), so a missing member is an ordinary "does not apply". Any other error of evaluation, and a result
/// that is not a boolean, also means that the modifier does not apply; the explanation says why. The macros that
/// loop (`all`, `exists`, `map` and the like) are refused, so that cost stays linear in the expression.
///
/// # Identity
///
/// [`digest`](Self::digest) is the SHA-256 of the document as canonical JSON (members sorted, no white space, whole
/// numbers without fraction, nothing filled in). The same document has the same digest in TOML and in JSON.
#[derive(Debug)]
pub struct ScoringModel {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) description: String,
    pub(super) canonical: String,
    pub(super) digest: ModelDigest,
    pub(super) rules: Vec<EventRule>,
    /// The rules' numbers by event type.
    pub(super) by_type: HashMap<String, usize>,
    pub(super) modifiers: Vec<Modifier>,
    pub(super) bounds: Bounds,
    pub(super) account: AccountRules,
    pub(super) tiers: Vec<TierRule>,
    pub(super) paths: PathTable,
    /// What native conditions read.
    pub(super) needed: Extraction,
    /// What any condition reads: more than `needed`, for explanations.
    pub(super) shown: Extraction,
    pub(super) cel: CelHost,
    pub(super) wording: Wording,
}

impl ScoringModel {
    /// The model as a store keeps it. `from_json(&record.document)` gives back a model of the same digest that scores
    /// alike; only the order of the event types becomes alphabetical.
    pub fn to_record(&self) -> ModelRecord {
        ModelRecord {
            digest: self.digest,
            name: self.name.clone(),
            version: self.version,
            document: self.canonical.clone(),
        }
    }

    /// What the model is known by: the SHA-256 of its canonical JSON.
    pub fn digest(&self) -> ModelDigest {
        self.digest
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version, 1 or more.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Its description; empty when it has none.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What the event types are worth, in document order.
    pub fn event_rules(&self) -> &[EventRule] {
        &self.rules
    }

    /// What an event type is worth; `None` when the model does not know it.
    pub fn rule(&self, event_type: &str) -> Option<&EventRule> {
        self.rules.get(*self.by_type.get(event_type)?)
    }

    /// How signals add up to an account's score.
    pub fn account(&self) -> &AccountRules {
        &self.account
    }

    /// The tiers of accounts, the highest first; the last one begins at 0.
    pub fn tiers(&self) -> &[TierRule] {
        &self.tiers
    }
}

impl KnownTypes for ScoringModel {
    fn known(&self, name: &str) -> Option<&EventType> {
        self.rule(name).map(|rule| &rule.event_type)
    }

    fn names(&self) -> Vec<&str> {
        self.event_rules().iter().map(|rule| rule.event_type.as_str()).collect()
    }
}
