//! One walk over a model document that checks every member and compiles what it says.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::account::{account, group_names, tiers};
use super::canonical::{canonical_json, digest};
use super::cel_host::CelHost;
use super::condition::{Compiler, Condition};
use super::faults::{Findings, ModelFaults};
use super::ledger::Wording;
use super::model::ScoringModel;
use super::reader::Table;
use super::rules::{AccountRules, Bounds, EventRule, Modifier, TierRule, Verb};
use crate::{EventType, SignalType, Units};

/// The most modifiers of a model.
const MAX_MODIFIERS: usize = 64;
/// The most characters of a description or a reason.
const MAX_TEXT_CHARS: usize = 2_000;
const ANY: RangeInclusive<f64> = -1_000.0..=1_000.0;
const NOT_NEGATIVE: RangeInclusive<f64> = 0.0..=1_000.0;

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
    if root.required("events").is_none() {
        return None;
    }
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

fn modifiers(root: &mut Table<'_>, compiler: &mut Compiler, findings: &Findings) -> Option<Vec<Modifier>> {
    let Some(list) = root.list("modifiers") else { return Some(Vec::new()) };
    if list.len() > MAX_MODIFIERS {
        root.fault("modifiers", format!("has {} entries; at most {MAX_MODIFIERS} are allowed", list.len()));
        return None;
    }
    let mut ids: Vec<&str> = Vec::new();
    let mut compiled = Vec::new();
    for (at, value) in list.iter().enumerate() {
        let Some(mut table) = Table::new(value, format!("modifiers[{at}]"), findings) else { continue };
        let id = table.name("id");
        match id {
            Some(id) if ids.contains(&id) => table.fault("id", format!("is used before: '{id}'")),
            Some(id) => ids.push(id),
            None => {}
        }
        let condition = condition(&mut table, compiler);
        let verb = verb(&mut table);
        let reason = table.optional_text("reason", MAX_TEXT_CHARS).or(id);
        table.finish();
        if let (Some(id), Some((condition, inputs)), Some(verb), Some(reason)) = (id, condition, verb, reason)
        {
            compiled.push(Modifier { id: id.to_owned(), reason: reason.to_owned(), verb, condition, inputs });
        }
    }
    Some(compiled)
}

fn condition(table: &mut Table<'_>, compiler: &mut Compiler) -> Option<(Condition, Vec<usize>)> {
    let source = table.text("when", usize::MAX)?;
    match compiler.compile(source) {
        Ok(compiled) => Some(compiled),
        Err(faults) => {
            faults.into_iter().for_each(|fault| table.fault("when", fault));
            None
        }
    }
}

fn verb(table: &mut Table<'_>) -> Option<Verb> {
    const VERBS: [&str; 5] = ["add", "multiply", "set", "cap", "drop"];
    let given: Vec<_> = VERBS.into_iter().filter(|verb| table.optional(verb).is_some()).collect();
    // All are read, so that a fault of any is noted.
    let verbs = [
        table.optional_amount("add", &ANY).map(Verb::Add),
        table.optional_amount("multiply", &NOT_NEGATIVE).map(Verb::Multiply),
        table.optional_amount("set", &NOT_NEGATIVE).map(Verb::Set),
        table.optional_amount("cap", &NOT_NEGATIVE).map(Verb::Cap),
        match table.optional("drop") {
            Some(Value::Bool(true)) => Some(Verb::Drop),
            Some(_) => {
                table.fault("drop", "must be true; leave it out otherwise");
                None
            }
            None => None,
        },
    ];
    if given.len() != 1 {
        let has = if given.is_empty() { "none".to_owned() } else { given.join(" and ") };
        table.own_fault(format!("must have exactly one of {}; has {has}", VERBS.join(", ")));
        return None;
    }
    verbs.into_iter().flatten().next()
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
