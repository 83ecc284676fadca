//! The modifiers of a model document: what they are called, when they apply, what they do.

use serde_json::Value;

use super::condition::{Compiler, Condition};
use super::faults::Findings;
use super::reader::{ANY, MAX_TEXT_CHARS, NOT_NEGATIVE, Table};
use super::rules::{Modifier, Verb};

/// The most modifiers of a model.
const MAX_MODIFIERS: usize = 64;

/// Reads `[[modifiers]]`.
pub(super) fn modifiers(
    root: &mut Table<'_>,
    compiler: &mut Compiler,
    findings: &Findings,
) -> Option<Vec<Modifier>> {
    let Some(list) = root.list("modifiers") else { return Some(Vec::new()) };
    if list.len() > MAX_MODIFIERS {
        root.fault("modifiers", format!("has {} entries; at most {MAX_MODIFIERS} are allowed", list.len()));
        return None;
    }
    let mut ids: Vec<&str> = Vec::new();
    let mut modifiers = Vec::new();
    for (at, value) in list.iter().enumerate() {
        let Some(mut table) = Table::new(value, format!("modifiers[{at}]"), findings) else { continue };
        let id = table.name("id");
        match id {
            Some(id) if ids.contains(&id) => table.fault("id", format!("is used twice: '{id}'")),
            Some(id) => ids.push(id),
            None => {}
        }
        let condition = condition(&mut table, compiler);
        let verb = verb(&mut table);
        let reason = table.optional_text("reason", MAX_TEXT_CHARS).or(id);
        table.finish();
        if let (Some(id), Some((condition, inputs)), Some(verb), Some(reason)) = (id, condition, verb, reason)
        {
            modifiers.push(Modifier {
                id: id.to_owned(),
                reason: reason.to_owned(),
                verb,
                condition,
                inputs,
            });
        }
    }
    Some(modifiers)
}

fn condition(table: &mut Table<'_>, compiler: &mut Compiler) -> Option<(Condition, Vec<usize>)> {
    let source = table.text("when", usize::MAX)?;
    match compiler.compile(source) {
        Ok(condition) => Some(condition),
        Err(faults) => {
            for fault in faults {
                table.fault("when", fault);
            }
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
