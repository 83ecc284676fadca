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

/// The default model with conditions that say the same but need the interpreter.
fn interpreted_model() -> ScoringModel {
    let native = include_str!("../models/default.toml");
    let interpreted = native.replace("when = \"", "when = \"size(eventType) > 0 && ");
    assert_ne!(native, interpreted);
    ScoringModel::from_toml(&interpreted).unwrap()
}

fn scoring(criterion: &mut Criterion) {
    let event = event();
    let model = ScoringModel::embedded_default();
    let interpreted = interpreted_model();
    let expected = model.score(&event).unwrap().score;
    assert_eq!(expected.to_string(), "0.85");
    assert_eq!(interpreted.score(&event).unwrap().score, expected);

    let mut group = criterion.benchmark_group("scoring");
    group.throughput(Throughput::Elements(1));
    group.bench_function("score_default", |bencher| bencher.iter(|| model.score(black_box(&event))));
    group.bench_function("explain_default", |bencher| bencher.iter(|| model.explain(black_box(&event))));
    group.bench_function("score_cel", |bencher| bencher.iter(|| interpreted.score(black_box(&event))));
    group.bench_function("model_load", |bencher| {
        bencher.iter(|| ScoringModel::from_toml(black_box(include_str!("../models/default.toml"))));
    });
    group.finish();
}

criterion_group!(benches, scoring);
criterion_main!(benches);
