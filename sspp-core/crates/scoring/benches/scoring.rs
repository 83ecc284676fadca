//! How fast events are scored, natively and interpreted, and how fast a model is loaded.
#![expect(clippy::unwrap_used, reason = "a benchmark without its input stops")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sspp_core::{AccountId, Event, EventType, Metadata, ScoringModel, Source, Timestamp, UserId};

/// A small event that has both members the default model reads.
fn event() -> Event {
    let metadata = r#"{"campaign":"spring","responseTimeHours":2.5,"interactionCount":4,"link":"https://example.com/pricing"}"#;
    Event {
        account_id: AccountId::new("acc_4711").unwrap(),
        user_id: UserId::new("user_0815").unwrap(),
        event_type: EventType::EMAIL_CLICKED,
        timestamp: Timestamp::parse("2024-12-21T10:00:00Z").unwrap(),
        metadata: Metadata::parse(metadata).unwrap(),
        source: Some(Source::new("mailer").unwrap()),
        external_id: None,
    }
}

/// A model's document with conditions that say the same but need the interpreter.
fn interpreted(native: &str) -> ScoringModel {
    let interpreted = native.replace("when = \"", "when = \"size(eventType) > 0 && ");
    assert_ne!(native, interpreted);
    ScoringModel::from_toml(&interpreted).unwrap()
}

/// The default model with as many modifiers as a team has that has used it for a while.
fn ten_modifiers() -> String {
    let modifier = |n: u32| {
        format!(
            "[[modifiers]]\nid = \"m{n}\"\nwhen = \"num(metadata.interactionCount) >= {n}.0\"\nadd = 0.01\n"
        )
    };
    let document = include_str!("../models/default.toml");
    // Tables of the document that follow its own modifiers may come in any order.
    (1..=8).fold(format!("{document}\n"), |document, n| document + &modifier(n))
}

fn scoring(criterion: &mut Criterion) {
    let event = event();
    let model = ScoringModel::embedded_default();
    let interpreted_model = interpreted(include_str!("../models/default.toml"));
    let (ten, ten_interpreted) =
        (ScoringModel::from_toml(&ten_modifiers()).unwrap(), interpreted(&ten_modifiers()));
    assert_eq!(ten.score(&event).unwrap().score, ten_interpreted.score(&event).unwrap().score);
    let expected = model.score(&event).unwrap().score;
    assert_eq!(expected.to_string(), "0.85");
    assert_eq!(interpreted_model.score(&event).unwrap().score, expected);

    let mut group = criterion.benchmark_group("scoring");
    group.throughput(Throughput::Elements(1));
    group.bench_function("score_default", |bencher| bencher.iter(|| model.score(black_box(&event))));
    group.bench_function("explain_default", |bencher| bencher.iter(|| model.explain(black_box(&event))));
    group.bench_function("score_cel", |bencher| bencher.iter(|| interpreted_model.score(black_box(&event))));
    group.bench_function("score_ten", |bencher| bencher.iter(|| ten.score(black_box(&event))));
    group
        .bench_function("score_ten_cel", |bencher| bencher.iter(|| ten_interpreted.score(black_box(&event))));
    group.bench_function("model_load", |bencher| {
        bencher.iter(|| ScoringModel::from_toml(black_box(include_str!("../models/default.toml"))));
    });
    group.finish();
}

criterion_group!(benches, scoring);
criterion_main!(benches);
