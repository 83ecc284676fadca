//! The scoring model over HTTP, and previews.

use serde_json::{Value, json};
use sspp_core::ScoringModel;

use crate::harness::{Harness, Reply, event};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn the_model_has_an_entity_tag() {
    let harness = Harness::direct();
    let reply = harness.get("/api/v1/scoring/model").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let json = reply.json();
    let model = ScoringModel::embedded_default();
    assert_eq!((&json["name"], &json["digest"]), (&json!("default"), &json!(model.digest().to_string())));
    let document = json["document"].to_string();
    assert_eq!(ScoringModel::from_json(&document).unwrap().digest(), model.digest());
    let etag = reply.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", model.digest()));
    for known in [etag.as_str(), "*", &format!("W/{etag}"), &format!("\"x\", {etag} ,\"y\"")] {
        let reply = harness.send("GET", "/api/v1/scoring/model", &[("if-none-match", known)], ()).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (304, ""), "{known}");
        assert_eq!(reply.header("etag"), etag);
    }
    for other in ["\"x\"", "", model.digest().to_string().as_str()] {
        let reply = harness.send("GET", "/api/v1/scoring/model", &[("if-none-match", other)], ()).await;
        assert_eq!(reply.status, 200, "{other}");
    }
}

async fn preview(harness: &Harness, body: impl Into<String>) -> Reply {
    harness.send("POST", "/api/v1/scoring/preview", &[JSON], body.into()).await
}

fn asked(events: &[String], model: Option<&Value>) -> String {
    let model = model.map(|model| format!(r#","model":{model}"#)).unwrap_or_default();
    format!(r#"{{"events":[{}]{model}}}"#, events.join(","))
}

#[tokio::test]
async fn a_preview_is_what_the_pipeline_makes_of_the_event() {
    let harness = Harness::direct();
    let metadata = r#"{"responseTimeHours":2,"interactionCount":5}"#;
    let events: Vec<String> = ScoringModel::embedded_default()
        .event_rules()
        .iter()
        .map(|rule| event("acc_1", rule.event_type.as_str(), metadata))
        .collect();
    let reply = preview(&harness, asked(&events, None)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let json = reply.json();
    assert_eq!(json["model"]["name"], "default");
    for (event, result) in events.iter().zip(json["results"].as_array().unwrap()) {
        assert_eq!(result["status"], "scored");
        let id = harness.accept(event.clone()).await;
        let signal = harness.ports.store.signal_of_event(id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(result["signal_score"], signal.recorded.score.to_f64());
        assert_eq!(result["signal_type"], signal.recorded.signal_type.as_str());
        let explained = harness.get(&format!("/api/v1/signals/{}/explanation", signal.id)).await.json();
        assert_eq!((&result["steps"], &result["summary"]), (&explained["steps"], &explained["summary"]));
    }
    let stats = harness.ports.store.stats().await.unwrap();
    assert_eq!(stats.signals, 6, "a preview stores nothing");
}

const TOML: &str = "name = 'webinars'\nversion = 3\n[events.webinar_attended]\nbase = 0.4\nsignal_type = 'intent'\ngroup = 'intent'\n";

#[tokio::test]
async fn any_model_can_be_tried() {
    let harness = Harness::direct();
    let document = json!({"name": "webinars", "version": 3, "events":
        {"webinar_attended": {"base": 0.4, "signal_type": "intent", "group": "intent"}}});
    let events = [event("acc_1", "webinar_attended", "{}"), event("acc_1", "email_sent", "{}")];
    let results = async |model: &Value| {
        let reply = preview(&harness, asked(&events, Some(model))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let (of_json, of_toml) = (results(&document).await, results(&json!(TOML)).await);
    assert_eq!(of_json, of_toml);
    assert_eq!(
        (&of_json["model"]["version"], &of_json["results"][0]["signal_score"]),
        (&json!(3), &json!(0.4))
    );
    let refused = &of_json["results"][1];
    assert_eq!((&refused["index"], &refused["status"]), (&json!(1), &json!("rejected")));
    assert_eq!(refused["errors"][0]["pointer"], "/eventType");
    assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("webinar_attended"), "{refused}");
    assert!(refused.get("steps").is_none(), "{refused}");
    // The active model is as it was.
    let of_active = preview(&harness, asked(&events, Some(&json!(null)))).await.json();
    assert_eq!(
        (&of_active["model"]["name"], &of_active["results"][1]["status"]),
        (&json!("default"), &json!("scored"))
    );
}

#[tokio::test]
async fn every_fault_of_a_model_is_listed_with_its_path() {
    let harness = Harness::direct();
    let events = [event("acc_1", "email_sent", "{}")];
    let document = json!({"name": "bad", "version": 0, "events":
        {"email_sent": {"base": 0.123_456, "signal_type": "x", "group": "outreach"}},
        "modifiers": [{"id": "broken", "when": "metadata.x >", "add": 0.1}]});
    let toml = "name = 'bad'\nversion = 0\n[events.email_sent]\nbase = 0.123456\nsignal_type = 'x'\ngroup = 'outreach'\n\
                [[modifiers]]\nid = 'broken'\nwhen = 'metadata.x >'\nadd = 0.1\n";
    for model in [document, json!(toml)] {
        let reply = preview(&harness, asked(&events, Some(&model))).await;
        reply.problem(400);
        let json = reply.json();
        assert_eq!(json["type"], "urn:sspp:problem:invalid-model");
        let errors = json["errors"].as_array().unwrap();
        for (pointer, path) in [
            ("/model/version", "version: "),
            ("/model/events/email_sent/base", "events.email_sent.base: "),
            ("/model/modifiers/0/when", "modifiers[0].when: "),
        ] {
            let fault = errors.iter().find(|error| error["pointer"] == pointer);
            let detail = fault.unwrap_or_else(|| panic!("{pointer}: {errors:?}"))["detail"].as_str().unwrap();
            assert!(detail.starts_with(path), "{detail}");
        }
    }
    for (model, named) in [
        (json!("= no toml"), "is not TOML at line 1"),
        (json!(7), "must be a table"),
        (json!([]), "must be a table"),
    ] {
        let message = preview(&harness, asked(&events, Some(&model))).await.problem(400).to_string();
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn what_is_no_request_for_a_preview_is_refused() {
    let harness = Harness::direct();
    for body in [
        "",
        "[]",
        "{}",
        r#"{"events":7}"#,
        r#"{"events":[]}"#,
        r#"{"events":[1],"x":1}"#,
        r#"{"events":[1]}x"#,
    ] {
        preview(&harness, body).await.problem(400);
    }
    let over = vec!["{}".to_owned(); 101];
    preview(&harness, asked(&over, None)).await.problem(413);
    harness
        .send("POST", "/api/v1/scoring/preview", &[("content-type", "text/plain")], "x")
        .await
        .problem(415);
    let odd = preview(&harness, r#"{"events":[7,"x",{}]}"#).await.json();
    assert!(odd["results"].as_array().unwrap().iter().all(|result| result["status"] == "rejected"), "{odd}");
}
