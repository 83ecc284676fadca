//! One walk over a model document that checks every member and compiles what it says.

use serde_json::Value;

use super::account::{account, group_names, tiers};
use super::canonical::{canonical_json, digest};
use super::cel_host::CelHost;
use super::condition::{Compiler, Condition};
use super::faults::{Findings, ModelFaults};
use super::model::ScoringModel;
use super::modifiers::modifiers;
use super::reader::{ANY, MAX_TEXT_CHARS, NOT_NEGATIVE, Table};
use super::rules::{AccountRules, Bounds, EventRule, Modifier, TierRule};
use super::wording::Wording;
use sspp_events::{EventType, SignalType, Units};

/// Checks and compiles a document.
pub(super) fn compile(document: &Value, mut compiler: Compiler) -> Result<ScoringModel, ModelFaults> {
    let findings = Findings::default();
    let parts = parts(document, &mut compiler, &findings);
    let parts = findings.settle(parts)?;
    let reads = |number: usize, native: bool| {
        let has = |modifier: &&Modifier| !native || matches!(modifier.condition, Condition::Native(_));
        parts.modifiers.iter().filter(has).any(|modifier| modifier.inputs.contains(&number))
    };
    let needed = compiler.paths.extraction(|number| reads(number, true));
    let shown = compiler.paths.extraction(|number| reads(number, false));
    let canonical = canonical_json(document);
    let digest = digest(&canonical);
    let by_type =
        parts.rules.iter().enumerate().map(|(number, rule)| (rule.event_type.to_string(), number)).collect();
    let wording = Wording::of(&parts.rules, &parts.bounds);
    let Parts { name, version, description, rules, modifiers, bounds, account, tiers } = parts;
    Ok(ScoringModel {
        name,
        version,
        description,
        canonical,
        digest,
        rules,
        by_type,
        modifiers,
        bounds,
        account,
        tiers,
        paths: compiler.paths,
        needed,
        shown,
        cel: CelHost::new(compiler.hoisted),
        wording,
    })
}

/// What a document says.
struct Parts {
    name: String,
    version: u32,
    description: String,
    rules: Vec<EventRule>,
    modifiers: Vec<Modifier>,
    bounds: Bounds,
    account: AccountRules,
    tiers: Vec<TierRule>,
}

/// `None` only when a fault was noted. Every part is read before any is missed, so that no fault goes unnoticed.
fn parts(document: &Value, compiler: &mut Compiler, findings: &Findings) -> Option<Parts> {
    let mut root = Table::new(document, String::new(), findings)?;
    let name = root.name("name");
    let version = root.version("version");
    let description = root.optional_text("description", MAX_TEXT_CHARS).unwrap_or_default();
    let account = account(&mut root);
    let rules = events(&mut root, &group_names(document));
    let modifiers = modifiers(&mut root, compiler, findings);
    let bounds = bounds(&mut root);
    let tiers = tiers(&mut root, findings);
    root.finish();
    Some(Parts {
        name: name?.to_owned(),
        version: version?,
        description: description.to_owned(),
        rules: rules?,
        modifiers: modifiers?,
        bounds: bounds?,
        account: account?,
        tiers: tiers?,
    })
}

fn events(root: &mut Table<'_>, groups: &[String]) -> Option<Vec<EventRule>> {
    root.required("events")?;
    let table = root.table("events")?;
    if table.is_empty() {
        root.fault("events", "must name at least one event type");
    }
    let rules: Vec<_> = table.named().map(|(name, rule)| event(name, rule, &table, groups)).collect();
    rules.into_iter().collect()
}

fn event(name: &str, mut rule: Table<'_>, events: &Table<'_>, groups: &[String]) -> Option<EventRule> {
    let event_type = EventType::new(name);
    if let Err(fault) = &event_type {
        events.fault(name, format!("the event type {fault}"));
    }
    let base = rule.amount("base", &ANY);
    let signal_type = rule.name("signal_type").and_then(|name| SignalType::new(name).ok());
    let group = rule.name("group");
    if let Some(unknown) = group.filter(|group| !groups.iter().any(|known| known == group)) {
        rule.fault(
            "group",
            format!("does not name a group of the account: '{unknown}'; known are {}", groups.join(", ")),
        );
    }
    rule.finish();
    Some(EventRule {
        event_type: event_type.ok()?,
        base: base?,
        signal_type: signal_type?,
        group: group?.to_owned(),
    })
}

fn bounds(root: &mut Table<'_>) -> Option<Bounds> {
    let default = Bounds { min: Units::ZERO, max: Units::new(Units::PER_ONE) };
    if root.optional("signal").is_none() {
        return Some(default);
    }
    let mut table = root.table("signal")?;
    let mut bound = |name, default| {
        if table.optional(name).is_none() {
            return Some(default);
        }
        let bound = table.amount(name, &NOT_NEGATIVE)?;
        if bound.get() % 100 != 0 {
            table.fault(name, format!("must be a multiple of 0.01, is {bound}"));
            return None;
        }
        Some(bound)
    };
    let (min, max) = (bound("min", default.min), bound("max", default.max));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        table.fault("min", format!("must not be above max: {min} is above {max}"));
    }
    table.finish();
    Some(Bounds { min: min?, max: max? })
}
