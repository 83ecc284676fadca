//! Lists of signals, single signals, explanations and figures.

use std::sync::Arc;

use serde_json::{Value, json};
use sspp_api::{Ports, Settings};
use sspp_core::testing::MockStore;
use sspp_core::testing::builders::signal;
use sspp_core::{Record, Recorded, Score, ScoringModel, Signal, Units};

use crate::harness::{Harness, event, memory_ports};

async fn with_signals(count: usize) -> Harness {
    let harness = Harness::direct();
    for at in 0..count {
        let kind = ["email_sent", "email_opened", "call_made"][at % 3];
        harness.accept(event(&format!("acc_{}", at % 4), kind, &format!(r#"{{ "at" : {at}.0 }}"#))).await;
    }
    harness
}

fn ids(page: &Value) -> Vec<i64> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn rows_are_snake_case_with_numbers_and_verbatim_metadata() {
    let harness = with_signals(1).await;
    let reply = harness.get("/api/v1/signals").await;
    assert!(reply.text.contains(r#""metadata":{"at":0.0}"#), "{}", reply.text);
    let page = reply.json();
    let row = &page["data"][0];
    assert_eq!(row["account_id"], "acc_0");
    assert_eq!(row["event_type"], "email_sent");
    assert_eq!(row["signal_type"], "outreach");
    assert_eq!(row["signal_score"], json!(0.1));
    assert_eq!(row["timestamp"], "2024-12-21T10:00:00.000Z");
    assert_eq!(row["model"], harness.ports.model.digest().to_string());
    let pagination =
        json!({"page":1,"limit":20,"total":1,"totalPages":1,"nextCursor":null,"totalIsExact":true});
    assert_eq!(page["pagination"], pagination);
    let one = harness.get(&format!("/api/v1/signals/{}", row["id"])).await;
    assert_eq!(one.json(), *row);
}

#[tokio::test]
async fn pages_and_cursors_show_every_row_once() {
    let harness = with_signals(11).await;
    for order in ["ASC", "DESC"] {
        for sort in ["processed_at", "timestamp", "signal_score", "id"] {
            let list = format!("/api/v1/signals?sortBy={sort}&sortOrder={order}");
            let all = ids(&harness.get(&format!("{list}&limit=100")).await.json());
            assert_eq!(all.len(), 11);
            let (mut paged, mut followed, mut cursor) = (Vec::new(), Vec::new(), String::new());
            for page in 1..=3 {
                paged.extend(ids(&harness.get(&format!("{list}&limit=4&page={page}")).await.json()));
                let next = harness.get(&format!("{list}&limit=4{cursor}")).await.json();
                assert_eq!(next["pagination"]["page"].is_null(), page > 1, "{next}");
                followed.extend(ids(&next));
                cursor = next["pagination"]["nextCursor"]
                    .as_str()
                    .map_or_else(String::new, |c| format!("&cursor={c}"));
            }
            assert_eq!(cursor, "");
            assert_eq!((paged, followed), (all.clone(), all), "{list}");
        }
    }
    // A cursor alone continues in its own order.
    let first = harness.get("/api/v1/signals?sortBy=id&sortOrder=ASC&limit=2").await.json();
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    let rest = harness.get(&format!("/api/v1/signals?limit=100&cursor={cursor}")).await.json();
    assert_eq!(rest["data"][0]["id"].as_i64().unwrap(), ids(&first)[1] + 1);
    for (with, named) in [("page=1", "page"), ("sortBy=timestamp", "sortBy"), ("sortOrder=DESC", "sortOrder")]
    {
        let reply = harness.get(&format!("/api/v1/signals?cursor={cursor}&{with}")).await;
        let message = reply.problem(400).to_string();
        assert!(message.contains("cursor") && message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn filters_choose_rows() {
    let harness = with_signals(12).await;
    for (filter, rows) in [
        ("accountId=acc_1", 3),
        ("accountId=nobody", 0),
        ("accountId=", 0),
        ("userId=user_1", 12),
        ("userId=", 0),
        ("eventType=call_made", 4),
        ("signalType=outreach", 8),
        ("signalType=high_intent", 0),
        ("minScore=0.3", 8),
        ("minScore=.3", 400),
        ("maxScore=0.29", 4),
        ("minScore=0.3&maxScore=0.30", 4),
        ("from=2024-12-21", 12),
        ("from=2024-12-21T10:00:00.001Z", 0),
        ("to=2024-12-21T10:00:00Z", 0),
        ("to=2024-12-21T12:00:00.1+02:00", 12),
        ("to=2024-12-21T12:00:00.1%2B02:00", 12),
        ("accountId=acc_1&eventType=call_made", 1),
    ] {
        let reply = harness.get(&format!("/api/v1/signals?{filter}")).await;
        if rows == 400 {
            reply.problem(400);
            continue;
        }
        let page = reply.json();
        assert_eq!(
            (ids(&page).len(), page["pagination"]["total"].as_u64()),
            (rows, Some(rows as u64)),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn a_period_that_ends_before_it_begins_is_refused() {
    let harness = Harness::direct();
    for list in ["/signals", "/signals/export", "/dead-letters"] {
        let reversed = format!("/api/v1{list}?to=2026-01-01&from=2026-02-01");
        assert_eq!(harness.get(&reversed).await.problem(400), json!(["from must not be after to"]), "{list}");
        let empty = format!("/api/v1{list}?from=2026-01-01&to=2026-01-01T00:00:00Z");
        assert_eq!(harness.get(&empty).await.status, 200, "{list}");
    }
}

#[tokio::test]
async fn scores_of_which_the_least_is_above_the_most_are_refused() {
    let harness = Harness::direct();
    for list in ["/signals", "/signals/export"] {
        let reversed = format!("/api/v1{list}?minScore=0.5&maxScore=0.4");
        assert_eq!(
            harness.get(&reversed).await.problem(400),
            json!(["minScore must not be above maxScore"]),
            "{list}"
        );
        for possible in ["minScore=0.5&maxScore=0.5", "minScore=0.5", "maxScore=0.5"] {
            assert_eq!(
                harness.get(&format!("/api/v1{list}?{possible}")).await.status,
                200,
                "{list}?{possible}"
            );
        }
    }
}

#[tokio::test]
async fn every_violation_of_a_list_is_reported_at_once() {
    let harness = Harness::direct();
    let reply = harness.get("/api/v1/signals?page=0&limit=1000&sortBy=x&foo=1").await;
    assert_eq!(
        reply.problem(400),
        json!([
            "property foo should not exist",
            "sortBy must be one of the following values: processed_at, timestamp, signal_score, id",
            "page must not be less than 1",
            "limit must not be greater than 100"
        ])
    );
    let pointers: Vec<_> =
        reply.json()["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    assert_eq!(pointers, ["foo", "sortBy", "page", "limit"]);
}

#[tokio::test]
async fn a_signals_number_is_digits() {
    let harness = with_signals(1).await;
    for (id, status) in
        [("99999", 404), ("99999999999", 404), ("-1", 404), ("0", 404), ("9223372036854775807", 404)]
    {
        let message = harness.get(&format!("/api/v1/signals/{id}")).await.problem(status);
        assert_eq!(message, format!("Signal with ID {id} not found"));
        harness.get(&format!("/api/v1/signals/{id}/explanation")).await.problem(status);
    }
    for id in ["abc", "+1", "0x1", "1e1", "1.5", "-", "--1", "9223372036854775808", "1%00", "%ff", "1%20"] {
        let message = harness.get(&format!("/api/v1/signals/{id}")).await.problem(400);
        assert_eq!(message, "Validation failed (numeric string is expected)", "{id}");
    }
    assert_eq!(harness.get("/api/v1/signals/01").await.json()["id"], 1);
}

#[tokio::test]
async fn figures_are_numbers() {
    let harness = Harness::direct();
    let empty = json!({
        "total_signals":0,"unique_accounts":0,"unique_users":0,"avg_signal_score":null,
        "signals_by_type":{},"signals_by_event":{}
    });
    assert_eq!(harness.get("/api/v1/signals/stats").await.json(), empty);
    harness.accept(event("a", "email_sent", "{}")).await;
    harness.accept(event("b", "email_opened", "{}")).await;
    let stats = harness.get("/api/v1/signals/stats").await.json();
    assert_eq!(stats["total_signals"], 2);
    assert_eq!(stats["unique_accounts"], 2);
    assert_eq!(stats["unique_users"], 1);
    assert_eq!(stats["avg_signal_score"], 0.2);
    assert_eq!(stats["signals_by_event"], json!({"email_sent":1,"email_opened":1}));
}

#[tokio::test]
async fn an_explanations_deltas_sum_to_the_score() {
    let harness = Harness::direct();
    harness.accept(event("a", "demo_completed", r#"{"responseTimeHours":1,"interactionCount":9}"#)).await;
    let row = harness.get("/api/v1/signals").await.json()["data"][0].clone();
    let explained = harness.get(&format!("/api/v1/signals/{}/explanation", row["id"])).await.json();
    assert_eq!(explained["signal_id"], row["id"]);
    assert_eq!(explained["event_id"], row["event_id"]);
    assert_eq!(explained["consistent"], true);
    assert_eq!(explained["model"]["digest"], row["model"]);
    assert_eq!(explained["signal_score"], row["signal_score"]);
    let steps = explained["steps"].as_array().unwrap();
    let units: i64 = steps.iter().map(|step| step["delta_units"].as_i64().unwrap()).sum();
    assert_eq!(Some(units), explained["units"].as_i64());
    assert_eq!(steps.last().unwrap()["total_units"], explained["units"]);
    assert!(
        explained["summary"].as_str().unwrap().starts_with("demo_completed is worth 0.90"),
        "{explained}"
    );
}

#[tokio::test]
async fn an_explanation_uses_the_model_that_scored_and_says_so_when_it_disagrees() {
    let harness = Harness::direct();
    let id = harness.accept(event("a", "call_made", "{}")).await;
    let store = &harness.ports.store;
    let stored = store.signal_of_event(id.parse().unwrap()).await.unwrap().unwrap();

    // A signal whose stored score is not what its model makes of it.
    let mut wrong = stored.recorded.clone();
    Arc::make_mut(&mut wrong.accepted).event_id = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
    wrong.score = Score::rounded(Units::new(9_900));
    // A signal of a model that is in the store, but not the active one.
    let other = r#"{"name":"other","version":7,"events":{"call_made":{"base":0.25,"signal_type":"outreach","group":"g"}},
        "signal":{"min":0.0,"max":1.0},"account":{"points":30,"max":100,"groups":{"g":{"cap":10,"half_life_days":7}}},
        "tiers":[{"name":"cold","enter":0,"leave":0}]}"#;
    let model = ScoringModel::from_json(other).unwrap();
    store.put_model(&model.to_record()).await.unwrap();
    let mut older = wrong.clone();
    Arc::make_mut(&mut older.accepted).event_id = "0197d3c5-5c00-7000-8000-000000000002".parse().unwrap();
    (older.model, older.score) = (model.digest(), Score::rounded(Units::new(2_500)));
    let records = [wrong, older].map(|signal| Record::Signal { signal, payload: bytes::Bytes::new() });
    let recorded = store.record(records.to_vec()).await.unwrap();
    let path = |at: usize| match recorded[at] {
        Recorded::Signal(id) => format!("/api/v1/signals/{id}/explanation"),
        other => panic!("{other:?}"),
    };

    let wrong = harness.get(&path(0)).await.json();
    assert_eq!(wrong["consistent"], false);
    let detail = wrong["detail"].as_str().unwrap();
    assert!(detail.contains("0.99") && detail.contains("0.50"), "{detail}");
    let counted = "sspp_api_explanations_inconsistent_total 1";
    assert!(harness.get("/metrics").await.text.lines().any(|line| line == counted));

    let older = harness.get(&path(1)).await.json();
    assert_eq!((&older["consistent"], &older["signal_score"]), (&json!(true), &json!(0.25)));
    assert_eq!((&older["model"]["name"], &older["model"]["version"]), (&json!("other"), &json!(7)));
    // The second time it comes from memory.
    assert_eq!(harness.get(&path(1)).await.json(), older);
}

/// No store takes a signal without its model, but a store can be damaged.
#[tokio::test]
async fn a_signal_whose_model_is_gone_has_no_explanation() {
    let mut orphan = signal(1).build();
    orphan.model = "ab".repeat(32).parse().unwrap();
    let mut store = MockStore::new();
    store.expect_signal().returning(move |id| Ok(Some(Signal { id, recorded: orphan.clone() })));
    store.expect_model().returning(|_| Ok(None));
    let harness = Harness::over(Ports { store: Arc::new(store), ..memory_ports() }, Settings::default());
    let message = harness.get("/api/v1/signals/1/explanation").await.problem(404).to_string();
    assert!(message.contains(&"ab".repeat(32)), "{message}");
}
