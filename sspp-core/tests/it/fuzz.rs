//! The fuzzer's laws over its committed corpus and over what proptest makes: bytes, mutated seeds, nearly right JSON.
#![expect(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sspp_core::testing::fuzz;
use sspp_core::{
    BatchFormat, Cursor, Envelope, ScoringModel, Timestamp, parse_batch, parse_cloud_event, parse_event,
};

type Law = fn(&[u8]);

/// The seeds of a target, in the order of their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut seeds: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    seeds.sort();
    seeds
}

/// Runs every seed and wants some of both kinds, accepted and refused: a corpus of one kind shows half of a parser.
fn run_corpus(target: &str, law: Law, accepted: impl Fn(&[u8]) -> bool) {
    let seeds = corpus(target);
    for (name, bytes) in &seeds {
        // Shown when the law panics: it names the seed.
        println!("{target}/{name}");
        law(bytes);
    }
    let accepted = seeds.iter().filter(|(_, bytes)| accepted(bytes)).count();
    assert!(accepted >= 5, "only {accepted} of {} seeds are accepted", seeds.len());
    assert!(seeds.len() - accepted >= 5, "{accepted} of {} seeds are accepted", seeds.len());
}

#[test]
fn event_json_corpus() {
    let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
    run_corpus("event_json", fuzz::event_json, |bytes| parse_event(bytes, &model, now).is_ok());
}

#[test]
fn batch_corpus() {
    let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
    // Lines break one by one: as lines, nearly everything is a batch.
    run_corpus("batch", fuzz::batch, |bytes| {
        [BatchFormat::Events, BatchFormat::Lines, BatchFormat::CloudEvents].into_iter().any(|format| {
            parse_batch(bytes, format, &model, now).is_ok_and(|events| events.iter().any(Result::is_ok))
        })
    });
}

#[test]
fn cloud_event_corpus() {
    let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
    run_corpus("cloud_event", fuzz::cloud_event, |bytes| parse_cloud_event(bytes, &model, now).is_ok());
}

#[test]
fn model_document_corpus() {
    run_corpus("model_document", fuzz::model_document, |bytes| {
        std::str::from_utf8(bytes)
            .is_ok_and(|text| ScoringModel::from_toml(text).is_ok() || ScoringModel::from_json(text).is_ok())
    });
}

#[test]
fn envelope_corpus() {
    run_corpus("envelope", fuzz::envelope, |bytes| Envelope::decode(bytes).is_ok());
}

#[test]
fn cursor_corpus() {
    run_corpus("cursor", fuzz::cursor, |bytes| {
        std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<Cursor>().is_ok())
    });
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

#[derive(Debug, Clone)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, u8),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Splice(Index, Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let byte = || prop_oneof![any::<u8>(), select(br#"{}[]",:\u0019eE.+-"#.to_vec())];
    prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        (any::<Index>(), 1..20_usize).prop_map(|(at, many)| Mutation::Remove(at, many)),
        (any::<Index>(), 1..20_usize, 1..40_usize)
            .prop_map(|(at, many, times)| Mutation::Repeat(at, many, times)),
        (any::<Index>(), any::<Index>(), 1..60_usize)
            .prop_map(|(to, from, many)| Mutation::Splice(to, from, many)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], mutation: &Mutation) {
    let at = |index: &Index| index.index(bytes.len() + 1);
    match mutation {
        Mutation::Replace(index, byte) => {
            let at = at(index);
            bytes.splice(at..bytes.len().min(at + 1), [*byte]);
        }
        Mutation::Insert(index, byte) => bytes.insert(at(index), *byte),
        Mutation::Remove(index, many) => {
            let at = at(index);
            bytes.drain(at..bytes.len().min(at + many));
        }
        Mutation::Repeat(index, many, times) => {
            let at = at(index);
            let repeated = bytes[at..bytes.len().min(at + many)].repeat(*times);
            bytes.splice(at..at, repeated);
        }
        Mutation::Splice(to, from, many) => {
            let from = from.index(other.len() + 1);
            let piece = other[from..other.len().min(from + many)].to_vec();
            let to = at(to);
            bytes.splice(to..to, piece);
        }
    }
}

/// A seed, changed in a few places, sometimes with pieces of another.
fn mutated(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let seeds: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, bytes)| bytes).collect();
    (select(seeds.clone()), select(seeds), vec(mutation(), 1..5)).prop_map(|(mut bytes, other, mutations)| {
        for mutation in &mutations {
            mutate(&mut bytes, &other, mutation);
        }
        bytes
    })
}

/// JSON of any shape, as text: also what serde would never write.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no NaN", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        select(vec![
            "1e400",
            "-0",
            "0.10",
            "24",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\ud83d\\ude80\"",
            "\"5\""
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        let name = prop_oneof![
            select(vec!["responseTimeHours", "interactionCount", "a", "$serde_json::private::RawValue"])
                .prop_map(str::to_owned),
            "\\PC{0,4}",
        ];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            vec((name, inner), 0..5).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", serde_json::to_string(name).unwrap()))
        .collect();
    format!("{{{}}}", members.join(", "))
}

/// An object whose members are mostly right, in any order, some missing, some of any shape.
fn nearly(right: &'static [(&'static str, &'static str)]) -> impl Strategy<Value = Vec<u8>> {
    let members: Vec<_> = right
        .iter()
        .map(|(name, value)| {
            let value = prop_oneof![12 => Just(Some((*value).to_owned())), 1 => json().prop_map(Some), 1 => Just(None)];
            (Just((*name).to_owned()), value)
        })
        .collect();
    let metadata = vec(("[a-zA-Z]{1,6}", json()), 0..4).prop_map(|members| object(&members));
    (members, metadata)
        .prop_flat_map(|(members, metadata)| {
            let mut kept: Vec<_> =
                members.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect();
            kept.push(("metadata".to_owned(), metadata));
            Just(kept).prop_shuffle()
        })
        .prop_map(|members| object(&members).into_bytes())
}

const EVENT: &[(&str, &str)] = &[
    ("accountId", "\"acc_1\""),
    ("userId", "\"žluť 🚀\""),
    ("eventType", "\"email_clicked\""),
    ("timestamp", "\"2024-12-21T10:00:00.000001+02:00\""),
    ("eventId", "\"order-1\""),
    ("source", "\"crm\""),
];

const ENVELOPE: &[(&str, &str)] = &[
    ("v", "1"),
    ("kind", "\"event\""),
    ("eventId", "\"0197d3c5-5c00-7000-8000-000000000001\""),
    ("accountId", "\"acc_1\""),
    ("userId", "\"user_1\""),
    ("eventType", "\"email_clicked\""),
    ("timestamp", "1734775200000000"),
    ("source", "\"crm\""),
    ("externalId", "\"order-1\""),
];

const CLOUD_EVENT: &[(&str, &str)] = &[
    ("specversion", "\"1.0\""),
    ("id", "\"order-1\""),
    ("source", "\"https://example.com/crm\""),
    ("type", "\"com.example.email_clicked\""),
    ("time", "\"2024-12-21T10:00:00.000001+02:00\""),
    ("subject", "\"acc_2\""),
    ("datacontenttype", "\"application/json\""),
    ("data", "{\"accountId\":\"acc_1\",\"userId\":\"user_1\",\"metadata\":{\"a\":[1.50]}}"),
];

/// Batches of nearly right events, in each format.
fn nearly_a_batch() -> impl Strategy<Value = Vec<u8>> {
    let joined = |events: Vec<Vec<u8>>, with: &[u8]| events.join(with);
    prop_oneof![
        vec(nearly(EVENT), 0..6)
            .prop_map(move |events| [b"{\"events\":[", &joined(events, b",")[..], b"]}"].concat()),
        vec(nearly(EVENT), 0..6).prop_map(move |events| joined(events, b"\r\n")),
        vec(nearly(CLOUD_EVENT), 0..6)
            .prop_map(move |events| [b"[", &joined(events, b", ")[..], b"]"].concat()),
    ]
}

proptest! {
    #[test]
    fn batch_of_any_bytes(bytes in any_bytes()) {
        fuzz::batch(&bytes);
    }

    #[test]
    fn batch_of_mutated_seeds(bytes in mutated("batch")) {
        fuzz::batch(&bytes);
    }

    #[test]
    fn batch_of_nearly_right_events(bytes in nearly_a_batch()) {
        fuzz::batch(&bytes);
    }

    #[test]
    fn cloud_event_of_any_bytes(bytes in any_bytes()) {
        fuzz::cloud_event(&bytes);
    }

    #[test]
    fn cloud_event_of_mutated_seeds(bytes in mutated("cloud_event")) {
        fuzz::cloud_event(&bytes);
    }

    #[test]
    fn cloud_event_of_nearly_right_events(bytes in nearly(CLOUD_EVENT)) {
        fuzz::cloud_event(&bytes);
    }

    #[test]
    fn event_json_of_any_bytes(bytes in any_bytes()) {
        fuzz::event_json(&bytes);
    }

    #[test]
    fn event_json_of_mutated_seeds(bytes in mutated("event_json")) {
        fuzz::event_json(&bytes);
    }

    #[test]
    fn event_json_of_nearly_right_events(bytes in nearly(EVENT)) {
        fuzz::event_json(&bytes);
    }

    #[test]
    fn model_document_of_any_bytes(bytes in any_bytes()) {
        fuzz::model_document(&bytes);
    }

    #[test]
    fn model_document_of_mutated_seeds(bytes in mutated("model_document")) {
        fuzz::model_document(&bytes);
    }

    #[test]
    fn envelope_of_any_bytes(bytes in any_bytes()) {
        fuzz::envelope(&bytes);
    }

    #[test]
    fn envelope_of_mutated_seeds(bytes in mutated("envelope")) {
        fuzz::envelope(&bytes);
    }

    #[test]
    fn envelope_of_nearly_right_envelopes(bytes in nearly(ENVELOPE)) {
        fuzz::envelope(&bytes);
    }

    #[test]
    fn cursor_of_any_bytes(bytes in any_bytes()) {
        fuzz::cursor(&bytes);
    }

    #[test]
    fn cursor_of_mutated_seeds(bytes in mutated("cursor")) {
        fuzz::cursor(&bytes);
    }

    #[test]
    fn cursor_of_its_own_alphabet(text in "[A-Za-z0-9_-]{23,25}") {
        fuzz::cursor(text.as_bytes());
    }
}
