//! The parts of a model document that are about accounts: points, groups and tiers, with their defaults.

use indexmap::IndexMap;
use serde_json::Value;

use super::faults::Findings;
use super::reader::{NOT_NEGATIVE, POSITIVE, Table, wrong_name};
use super::rules::{AccountRules, GroupRule, TierRule};
use sspp_events::Units;

/// Name, cap and half-life in days.
const GROUPS: [(&str, i64, i64); 3] = [("intent", 60, 30), ("engagement", 30, 14), ("outreach", 10, 7)];
/// Name, enter and leave.
const TIERS: [(&str, i64, i64); 4] =
    [("very_hot", 85, 80), ("hot", 70, 65), ("warm", 50, 45), ("cold", 0, 0)];

const fn whole(amount: i64) -> Units {
    Units::new(amount * Units::PER_ONE)
}

/// The names of the groups, even of a document whose groups have faults.
pub(super) fn group_names(document: &Value) -> Vec<String> {
    match document.pointer("/account/groups") {
        Some(Value::Object(groups)) => groups.keys().cloned().collect(),
        _ => GROUPS.map(|(name, ..)| name.to_owned()).to_vec(),
    }
}

/// Reads `[account]`.
pub(super) fn account(root: &mut Table<'_>) -> Option<AccountRules> {
    let default_groups =
        || GROUPS.map(|(name, cap, days)| (name.to_owned(), group_of(cap, days))).into_iter().collect();
    let (points, max) = (whole(30), whole(100));
    if root.optional("account").is_none() {
        return Some(AccountRules { points, max, groups: default_groups() });
    }
    let mut table = root.table("account")?;
    let points = or_default(&mut table, "points", points);
    let max = or_default(&mut table, "max", max);
    let groups = if table.optional("groups").is_none() { Some(default_groups()) } else { groups(&mut table) };
    table.finish();
    Some(AccountRules { points: points?, max: max?, groups: groups? })
}

fn group_of(cap: i64, half_life_days: i64) -> GroupRule {
    GroupRule { cap: whole(cap), half_life_days: whole(half_life_days) }
}

fn or_default(table: &mut Table<'_>, name: &'static str, default: Units) -> Option<Units> {
    if table.optional(name).is_none() { Some(default) } else { table.amount(name, &POSITIVE) }
}

fn groups(account: &mut Table<'_>) -> Option<IndexMap<String, GroupRule>> {
    let table = account.table("groups")?;
    if table.is_empty() {
        account.fault("groups", "must name at least one group");
    }
    let read = |(name, mut group): (&str, Table<'_>)| {
        if let Some(wrong) = wrong_name(name) {
            table.fault(name, format!("the name of a group {wrong}"));
        }
        let cap = group.amount("cap", &POSITIVE);
        let half_life_days = group.amount("half_life_days", &POSITIVE);
        group.finish();
        Some((name.to_owned(), GroupRule { cap: cap?, half_life_days: half_life_days? }))
    };
    let groups: Vec<_> = table.named().map(read).collect();
    groups.into_iter().collect()
}

/// Reads `[[tiers]]`.
pub(super) fn tiers(root: &mut Table<'_>, findings: &Findings) -> Option<Vec<TierRule>> {
    let default = |(name, enter, leave): (&str, _, _)| TierRule {
        name: name.to_owned(),
        enter: whole(enter),
        leave: whole(leave),
    };
    if root.optional("tiers").is_none() {
        return Some(TIERS.map(default).to_vec());
    }
    let list = root.list("tiers")?;
    if list.is_empty() {
        root.fault("tiers", "must have at least one tier");
    }
    let mut tiers: Vec<TierRule> = Vec::new();
    for (at, value) in list.iter().enumerate() {
        let Some(mut table) = Table::new(value, format!("tiers[{at}]"), findings) else { continue };
        let tier = tier(&mut table);
        if let Some(tier) = tier {
            check(&tier, &tiers, at + 1 == list.len(), &table);
            tiers.push(tier);
        }
        table.finish();
    }
    Some(tiers)
}

fn tier(table: &mut Table<'_>) -> Option<TierRule> {
    let name = table.name("name");
    let enter = table.amount("enter", &NOT_NEGATIVE);
    // The lowest tier is never left, and any other without the member is left where it was entered.
    let leave = table.optional_amount("leave", &NOT_NEGATIVE).or(enter);
    Some(TierRule { name: name?.to_owned(), enter: enter?, leave: leave? })
}

fn check(tier: &TierRule, before: &[TierRule], is_last: bool, table: &Table<'_>) {
    let TierRule { name, enter, leave } = tier;
    if before.iter().any(|other| other.name == *name) {
        table.fault("name", format!("is used twice: '{name}'"));
    }
    if let Some(higher) = before.last().filter(|higher| higher.enter <= *enter) {
        table.fault(
            "enter",
            format!("must be below the tier before it: {enter} is not below {}", higher.enter),
        );
    }
    if leave > enter {
        table.fault("leave", format!("must not be above enter: {leave} is above {enter}"));
    }
    if is_last && *enter != Units::ZERO {
        table.fault("enter", format!("must be 0 for the last tier, so that every score has one; is {enter}"));
    }
}
