//! What one event costs on its way in: read and checked, put into its envelope, taken out of it again.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sspp_core::{Envelope, ScoringModel, SeededRandom, Timestamp, parse_event};

/// An event's JSON with metadata of about so many bytes.
fn body(metadata_bytes: usize) -> String {
    let given = r#"{"responseTimeHours":2,"interactionCount":5"#;
    let notes = metadata_bytes.saturating_sub(given.len()) / 40;
    let notes: Vec<_> =
        (0..notes).map(|number| format!(r#","note{number:04}":"opened on the pricing page""#)).collect();
    let metadata = given.to_owned() + &notes.concat();
    format!(
        r#"{{"accountId":"acc_1","userId":"user_1","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00.123Z","metadata":{metadata}}}}}"#
    )
}

fn intake(criterion: &mut Criterion) {
    let model = ScoringModel::embedded_default();
    let Some(now) = Timestamp::from_micros(1_767_225_600_000_000) else { return };
    for metadata_bytes in [48, 200, 2_000, 200_000] {
        let json = body(metadata_bytes);
        let Ok(event) = parse_event(json.as_bytes(), &model, now) else { continue };
        let envelope = Envelope::new(event, now.to_datetime(), &SeededRandom::new(1));
        let encoded = envelope.encode();

        let mut group = criterion.benchmark_group("intake");
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function(BenchmarkId::new("parse_event", metadata_bytes), |bencher| {
            bencher.iter(|| parse_event(black_box(json.as_bytes()), &model, now));
        });
        group.bench_function(BenchmarkId::new("envelope_encode", metadata_bytes), |bencher| {
            bencher.iter(|| black_box(&envelope).encode());
        });
        group.bench_function(BenchmarkId::new("envelope_decode", metadata_bytes), |bencher| {
            bencher.iter(|| Envelope::decode(black_box(&encoded)));
        });
        group.finish();
    }
}

criterion_group!(benches, intake);
criterion_main!(benches);
