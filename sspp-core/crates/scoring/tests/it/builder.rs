//! A model made in code is the model that its document says.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sspp_core::{ModelModifier, ScoringModel};

type EventRule = (&'static str, f64, &'static str, &'static str);
type Modifier = (&'static str, &'static str, usize, f64, Option<&'static str>);

/// What a model says, well or badly.
#[derive(Debug, Clone)]
struct Said {
    name: &'static str,
    version: u32,
    description: Option<&'static str>,
    events: Vec<EventRule>,
    modifiers: Vec<Modifier>,
    bounds: Option<(f64, f64)>,
    points: Option<f64>,
    max: Option<f64>,
    groups: Vec<(&'static str, f64, f64)>,
    tiers: Vec<(&'static str, f64, f64)>,
}

const VERBS: [&str; 5] = ["add", "multiply", "set", "cap", "drop"];

fn amount() -> impl Strategy<Value = f64> {
    select(vec![0.0, 0.1, 0.5, 0.6, 1.0, 30.0, 45.5, 100.0, -0.25, 0.123_456, 5_000.0])
}

fn said() -> impl Strategy<Value = Said> {
    let groups = || select(vec!["intent", "engagement", "outreach", "own group", ""]);
    let event = (
        select(vec!["call_made", "email_sent", "webinar.attended", "", "two words"]),
        amount(),
        select(vec!["outreach", "intent", ""]),
        groups(),
    );
    let modifier = (
        select(vec!["quick", "slow", ""]),
        select(vec![
            "true",
            "num(metadata.x) > 1.0",
            "metadata.x >",
            "truthy(metadata.y) && source == \"crm\"",
        ]),
        0..VERBS.len(),
        amount(),
        option::of(select(vec!["because", "a \"good\" reason"])),
    );
    let first = (select(vec!["m", "two words", ""]), 0_u32..3, option::of(select(vec!["for tests", ""])));
    let lists = (vec(event, 0..4), vec(modifier, 0..4), vec((groups(), amount(), amount()), 0..3));
    let rest = (
        option::of((amount(), amount())),
        option::of(amount()),
        option::of(amount()),
        vec((select(vec!["hot", "warm", "cold"]), amount(), amount()), 0..4),
    );
    (first, lists, rest).prop_map(
        |((name, version, description), (mut events, modifiers, mut groups), rest)| {
            // A document cannot say anything twice.
            let mut seen = Vec::new();
            events.retain(|(name, ..)| !seen.contains(name) && (seen.push(*name), true).1);
            let mut seen = Vec::new();
            groups.retain(|(name, ..)| !seen.contains(name) && (seen.push(*name), true).1);
            let (bounds, points, max, tiers) = rest;
            Said { name, version, description, events, modifiers, bounds, points, max, groups, tiers }
        },
    )
}

impl Said {
    fn toml(&self) -> String {
        let mut text = format!("name = {:?}\nversion = {}\n", self.name, self.version);
        let mut line = |words: std::fmt::Arguments<'_>| text.write_fmt(format_args!("{words}\n")).unwrap();
        if let Some(description) = self.description {
            line(format_args!("description = {description:?}"));
        }
        for (name, base, signal_type, group) in &self.events {
            line(format_args!(
                "[events.{name:?}]\nbase = {base:?}\nsignal_type = {signal_type:?}\ngroup = {group:?}"
            ));
        }
        for (id, when, verb, amount, reason) in &self.modifiers {
            line(format_args!("[[modifiers]]\nid = {id:?}\nwhen = {when:?}"));
            match VERBS[*verb] {
                "drop" => line(format_args!("drop = true")),
                verb => line(format_args!("{verb} = {amount:?}")),
            }
            if let Some(reason) = reason {
                line(format_args!("reason = {reason:?}"));
            }
        }
        if let Some((min, max)) = self.bounds {
            line(format_args!("[signal]\nmin = {min:?}\nmax = {max:?}"));
        }
        if self.points.is_some() || self.max.is_some() {
            line(format_args!("[account]"));
        }
        for (name, value) in [("points", self.points), ("max", self.max)] {
            if let Some(value) = value {
                line(format_args!("{name} = {value:?}"));
            }
        }
        for (name, cap, days) in &self.groups {
            line(format_args!("[account.groups.{name:?}]\ncap = {cap:?}\nhalf_life_days = {days:?}"));
        }
        for (name, enter, leave) in &self.tiers {
            line(format_args!("[[tiers]]\nname = {name:?}\nenter = {enter:?}\nleave = {leave:?}"));
        }
        text
    }

    fn build(&self) -> Result<ScoringModel, sspp_core::ModelFaults> {
        let mut builder = ScoringModel::builder(self.name, self.version);
        if let Some(description) = self.description {
            builder = builder.description(description);
        }
        for (name, base, signal_type, group) in &self.events {
            builder = builder.event_type(*name, *base, *signal_type, *group);
        }
        for (id, when, verb, amount, reason) in &self.modifiers {
            let modifier = ModelModifier::new(*id, *when);
            let modifier = match VERBS[*verb] {
                "add" => modifier.add(*amount),
                "multiply" => modifier.multiply(*amount),
                "set" => modifier.set(*amount),
                "cap" => modifier.cap(*amount),
                _ => modifier.drop_score(),
            };
            builder = builder.modifier(match reason {
                Some(reason) => modifier.reason(*reason),
                None => modifier,
            });
        }
        if let Some((min, max)) = self.bounds {
            builder = builder.bounds(min, max);
        }
        if let Some(points) = self.points {
            builder = builder.account_points(points);
        }
        if let Some(max) = self.max {
            builder = builder.account_max(max);
        }
        for (name, cap, days) in &self.groups {
            builder = builder.group(*name, *cap, *days);
        }
        for (name, enter, leave) in &self.tiers {
            builder = builder.tier(*name, *enter, *leave);
        }
        builder.build()
    }
}

proptest! {
    #[test]
    fn code_and_document_give_the_same_digest_or_the_same_faults(said in said()) {
        let (built, read) = (said.build(), ScoringModel::from_toml(&said.toml()));
        match (built, read) {
            (Ok(built), Ok(read)) => prop_assert_eq!(built.to_record(), read.to_record()),
            (Err(built), Err(read)) => prop_assert_eq!(built, read),
            (built, read) => prop_assert!(false, "{built:?} but {read:?}"),
        }
    }
}

#[test]
fn what_a_document_cannot_say_is_a_fault_too() {
    let twice = ScoringModel::builder("m", 1)
        .event_type("call_made", 0.5, "outreach", "g")
        .event_type("call_made", 0.6, "outreach", "g")
        .group("g", 10.0, 7.0)
        .group("g", 20.0, 7.0)
        .build();
    let faults = twice.unwrap_err().to_string();
    assert!(
        faults.contains("events.call_made: is given twice")
            && faults.contains("account.groups.g: is given twice")
    );
    let nothing =
        ScoringModel::builder("m", 1).event_type("call_made", f64::NAN, "outreach", "outreach").build();
    assert_eq!(nothing.unwrap_err().0[0].path, "events.call_made.base");
    assert_eq!(ScoringModel::builder("m", 1).build().unwrap_err().0[0].path, "events");
}
