//! The OpenAPI document: committed, complete, and shown offline.

use serde_json::Value;

use crate::harness::Harness;

fn document() -> Value {
    serde_json::from_str(&sspp_api::openapi_document("/api/v1")).unwrap()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let committed = include_str!("../../openapi.json");
    let current = sspp_api::openapi_document("/api/v1");
    assert!(
        committed.trim_end() == current.trim_end(),
        "sspp-api/openapi.json is out of date: run `cargo run -p sspp-api -- openapi > sspp-api/openapi.json`"
    );
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let name = format!("{method} {path}");
            assert!(operation["operationId"].is_string(), "{name}");
            assert!(operation["summary"].is_string(), "{name}");
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{name}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(
                    response["description"].as_str().is_some_and(|text| !text.is_empty()),
                    "{name} {status}"
                );
                assert!(response["headers"]["x-request-id"].is_object(), "{name} {status}");
                if !status.starts_with('2') && status != "304" && !path.ends_with("/health") {
                    let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                    assert_eq!(schema, "#/components/schemas/Problem", "{name} {status}");
                }
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{name} {parameter}");
            }
        }
    }
    assert_eq!(operations, 27);
}

#[test]
fn parameters_are_documented_with_their_true_types() {
    let document = document();
    let parameters = document["paths"]["/api/v1/signals"]["get"]["parameters"].as_array().unwrap();
    let schema = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter["name"] == name);
        found.unwrap_or_else(|| panic!("{name}"))["schema"].clone()
    };
    assert_eq!(parameters.len(), 13);
    assert_eq!(schema("page")["type"], "integer");
    assert_eq!(schema("limit")["maximum"], 100.0);
    assert_eq!(schema("from")["format"], "date-time");
    assert_eq!(schema("minScore")["type"], "number");
    assert_eq!(schema("sortBy")["enum"].as_array().unwrap().len(), 4);
    let event = &document["components"]["schemas"]["Event"];
    assert_eq!(event["required"].as_array().unwrap().len(), 4);
    assert!(event["example"]["accountId"].is_string());
}

/// Every `found` in the document, with its place.
fn everywhere(value: &Value, place: &str, found: &mut impl FnMut(&str, &Value)) {
    found(place, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| *name != "example") {
                everywhere(member, &format!("{place}/{}", name.replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                everywhere(element, &format!("{place}/{at}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn generators_of_clients_understand_every_form() {
    let document = document();
    let mut wrong = Vec::new();
    everywhere(&document, "", &mut |place, value| {
        if value["nullable"] == true && value["type"].is_null() {
            wrong.push(format!("{place} may be null without a type"));
        }
        if value["allOf"].as_array().is_some_and(|parts| parts.len() > 1) {
            wrong.push(format!("{place} is a type of its own beside what it refers to"));
        }
        let format = value["format"].as_str().unwrap_or_default();
        if value["type"] == "integer" && !["", "int32", "int64"].contains(&format) {
            wrong.push(format!("{place} has a format that OpenAPI does not have: {format}"));
        }
        if place.ends_with("/content") && value.as_object().unwrap().keys().any(|name| name.contains(';')) {
            wrong.push(format!("{place} has a content type with parameters"));
        }
    });
    assert_eq!(wrong, [""; 0]);
    assert_eq!(document["servers"][0]["url"], "/");
    for (path, method, operation) in operations() {
        let security = operation["security"].as_array().unwrap_or_else(|| panic!("{method} {path}"));
        assert_eq!(security.is_empty(), operation["x-scopes"].is_null(), "{method} {path}");
        for status in ["429", "503"] {
            let answer = &operation["responses"][status];
            if !answer.is_null() && !path.ends_with("/health") {
                assert!(answer["headers"]["Retry-After"].is_object(), "{method} {path} {status}");
            }
        }
    }
    let tags = document["tags"].as_array().unwrap();
    let names: Vec<&str> = tags.iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("Events", "Erasure"));
}

#[test]
fn closed_sets_of_words_are_enums_and_event_types_are_not() {
    let document = document();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    for (name, words) in [
        ("DeadLetterReason", 7),
        ("JobState", 5),
        ("StepKind", 4),
        ("VerdictStatus", 3),
        ("DurabilityStatus", 3),
        ("HealthStatus", 2),
        ("PreviewStatus", 2),
        ("ReplayStatus", 5),
        ("IntakeKind", 2),
        ("ErasureKind", 2),
        ("AcceptedStatus", 1),
    ] {
        assert_eq!(schema(name)["enum"].as_array().map(Vec::len), Some(words), "{name}");
    }
    assert!(schema("Event")["properties"]["eventType"]["enum"].is_null());
    for name in
        ["Event", "EventBatch", "CloudEventData", "PreviewRequest", "BulkReplayRequest", "DeadLetterPatch"]
    {
        assert_eq!(schema(name)["additionalProperties"], false, "{name}");
    }
}

/// The page of the documentation fills in examples, and generated clients send defaults.
#[test]
fn optional_parameters_have_no_example_and_no_default_that_excludes_another() {
    for (path, method, operation) in operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, schema) = (&parameter["name"], &parameter["schema"]);
            if parameter["required"] == false {
                assert!(schema["example"].is_null(), "{method} {path} {name}");
            }
            if ["page", "sortBy", "sortOrder"].iter().any(|other| name == other) {
                assert!(schema["default"].is_null(), "{method} {path} {name}");
            }
        }
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        if operation["operationId"] == "replayDeadLetters" {
            assert_eq!(*example, serde_json::json!({"dryRun": true}));
        }
    }
}

#[tokio::test]
async fn the_documents_parameters_are_those_that_are_read() {
    let harness = Harness::direct();
    let document = document();
    for parameter in document["paths"]["/api/v1/signals"]["get"]["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        let reply = harness.get(&format!("/api/v1/signals?{name}=%ff")).await;
        let message = reply.problem(400).to_string();
        assert!(message.contains(name) && !message.contains("should not exist"), "{message}");
    }
}

#[tokio::test]
async fn the_docs_page_needs_nothing_from_elsewhere() {
    let harness = Harness::direct();
    assert_eq!(harness.get("/api/openapi.json").await.json(), document());
    let page = harness.get("/api/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.starts_with("<!doctype html>\n<html lang=\"en\">"), "{}", &page.text[..200]);
    assert!(page.text.contains("<title>Sales Signal Processing Platform: API</title>"));
    for outside in
        ["<script src", "<link rel=\"stylesheet", "src=\"http", "@import", "url(http", "url(\"http"]
    {
        assert!(!page.text.contains(outside), "{outside}");
    }
    assert!(page.text.contains("acceptEvent") && page.text.len() > 500_000);
}

/// Operations by id: path, method, and what the document says of them.
fn operations() -> Vec<(String, String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(|(method, said)| (path.clone(), method, said)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[tokio::test]
async fn examples_are_true() {
    let (mut bodies, mut answers) = (0, 0);
    for (path, method, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            for (media, content) in response["content"].as_object().into_iter().flatten() {
                let example = &content["example"];
                answers += usize::from(!example.is_null());
                if media == "application/problem+json" {
                    assert_eq!(
                        example["status"].to_string(),
                        status.replace("XX", "00"),
                        "{method} {path}: {example}"
                    );
                }
            }
        }
        for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            let Some(example) = content.get("example") else { continue };
            bodies += 1;
            let harness = Harness::direct();
            let body = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            let headers = [("content-type", media.as_str())];
            let reply = harness.send(&method.to_uppercase(), &path, &headers, body).await;
            let expected = &operation["responses"][reply.status.as_str()]["content"];
            let expected = &expected["application/json"]["example"];
            assert!(reply.status.is_success(), "{media}: {reply:?}");
            let names = |json: &Value| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&reply.json()), names(expected), "{method} {path} {media}");
        }
    }
    assert!(bodies >= 10 && answers >= 100, "{bodies} bodies, {answers} answers");
    let harness = Harness::direct();
    for (path, method, operation) in operations() {
        if method == "get"
            && ["/livez", "/event-types", "/scoring/model"].iter().any(|end| path.ends_with(end))
        {
            let example = &operation["responses"]["200"]["content"]["application/json"]["example"];
            assert_eq!(&harness.get(&path).await.json(), example, "{path}");
        }
    }
}
