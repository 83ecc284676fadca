//! Signals out of one store and into another: export, import, and erasure in between.

use serde_json::{Value, json};
use sspp_core::testing::eventually;
use sspp_core::{DeadLetterId, DeadLetterReason, NewDeadLetter, Record, Timestamp};

use crate::harness::{Harness, event, in_each_shape};

async fn filled(count: usize) -> Harness {
    let harness = Harness::direct();
    fill(&harness, count).await;
    harness
}

async fn fill(harness: &Harness, count: usize) {
    for at in 0..count {
        let kind = ["email_sent", "demo_completed", "call_made"][at % 3];
        harness.accept(event(&format!("acc_{}", at % 4), kind, &format!(r#"{{ "at" : {at}.0 }}"#))).await;
    }
    harness.drained().await;
}

#[tokio::test]
async fn ndjson_holds_every_signal_once_after_its_model() {
    let harness = filled(250).await;
    let reply = harness.get("/api/v1/signals/export").await;
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    assert!(reply.header("content-disposition").contains("signals.ndjson"));
    let lines: Vec<Value> = reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 251);
    let model = harness.ports.model.to_record();
    assert_eq!((&lines[0]["kind"], &lines[0]["document"]), (&json!("model"), &json!(model.document)));
    let mut ids: Vec<&str> = lines[1..].iter().map(|line| line["eventId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 250);
    assert!(
        lines[1..].iter().all(|line| line["kind"] == "signal" && line["model"] == model.digest.to_string())
    );
    assert!(reply.text.contains(r#""metadata":{"at":249.0}"#));
    for (filter, count) in [
        ("accountId=acc_1", 63),
        ("userId=user_1", 250),
        ("eventType=call_made", 83),
        ("minScore=0.9", 83),
        ("from=2025-01-01", 0),
        ("to=2025-01-01&accountId=acc_0", 63),
        ("accountId=", 0),
    ] {
        let reply = harness.get(&format!("/api/v1/signals/export?{filter}")).await;
        let found = reply.text.lines().filter(|line| line.contains(r#""kind":"signal""#)).count();
        assert_eq!(found, count, "{filter}");
    }
    let bad = harness.get("/api/v1/signals/export?format=xml&page=1&minScore=x").await;
    assert_eq!(bad.problem(400).as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn csv_is_what_a_spreadsheet_reads_and_never_a_formula() {
    let harness = Harness::direct();
    harness.accept(event("=cmd|' /C calc'!A0", "call_made", r#"{"a":"x,y"}"#)).await;
    let reply = harness.get("/api/v1/signals/export?format=csv").await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = reply.text.split("\r\n").collect();
    assert!(lines[0].starts_with("id,event_id,account_id,") && lines.len() == 3 && lines[2].is_empty());
    assert!(lines[1].contains(r#","'=cmd|' /C calc'!A0",user_1,call_made,"#), "{}", lines[1]);
    assert!(lines[1].ends_with(r#","{""a"":""x,y""}""#), "{}", lines[1]);
    let none = harness.get("/api/v1/signals/export?format=csv&accountId=nobody").await;
    assert_eq!(none.text.lines().count(), 1);
}

#[tokio::test]
async fn an_erased_account_is_gone_from_everywhere_and_stays_away_in_each_shape() {
    in_each_shape(async |harness| an_erased_account_is_gone(harness).await).await;
}

async fn an_erased_account_is_gone(harness: &mut Harness) {
    harness.run_pipeline();
    fill(harness, 40).await;
    let at = Timestamp::parse("2025-01-01").unwrap();
    let event_id = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
    let letter = NewDeadLetter {
        id: DeadLetterId::of_event(event_id),
        event_id,
        content: None,
        payload: bytes::Bytes::from_static(b"{\"accountId\":\"acc_1\",\"v\":9}"),
        reason: DeadLetterReason::UnknownVersion,
        detail: "for a test".to_owned(),
        attempts: 0,
        enqueued_at: at,
        died_at: at,
    };
    harness.ports.store.record(vec![Record::DeadLetter(letter)]).await.unwrap();
    // Where there is a queue, one of it is still in there.
    harness.stop_pipeline();
    let idle = &*harness;
    let queued = idle.accept(event("acc_1", "call_made", "{}")).await;
    let reply = idle.send("DELETE", "/api/v1/accounts/acc_1", &[], ()).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!((&reply.json()["status"], &reply.json()["complete"]), (&json!("accepted"), &json!(true)));
    assert_eq!(idle.get("/api/v1/signals?accountId=acc_1").await.json()["pagination"]["total"], 0);
    assert_eq!(idle.get("/api/v1/signals").await.json()["pagination"]["total"], 30);
    assert_eq!(idle.get("/api/v1/dead-letters").await.json()["pagination"]["total"], 0);
    idle.run_pipeline();
    idle.drained().await;
    idle.get(&format!("/api/v1/jobs/{queued}")).await.problem(404);
    // What comes later is a new beginning.
    let later = idle.accept(event("acc_1", "call_made", "{}")).await;
    eventually("it is a signal", async || {
        idle.get(&format!("/api/v1/jobs/{later}")).await.json()["state"] == "completed"
    })
    .await;
    let everybody = idle.send("DELETE", "/api/v1/users/user_1", &[], ()).await;
    assert_eq!((everybody.status.as_u16(), &everybody.json()["kind"]), (202, &json!("user")));
    assert_eq!(idle.ports.store.stats().await.unwrap().accounts, 0);
    // An id is decoded once: a percent sign in it is not the beginning of another escape.
    idle.accept(event("100%41", "call_made", "{}")).await;
    idle.drained().await;
    for (path, left) in [("/api/v1/accounts/100A", 1), ("/api/v1/accounts/100%2541", 0)] {
        assert_eq!(idle.send("DELETE", path, &[], ()).await.status, 202, "{path}");
        let found = idle.get("/api/v1/signals?accountId=100%2541").await.json();
        assert_eq!(found["pagination"]["total"], left, "{path}");
    }
    for (path, status) in
        [("/api/v1/accounts/%ff", 400), ("/api/v1/users/a%0Ab", 400), ("/api/v1/accounts/", 404)]
    {
        idle.send("DELETE", path, &[], ()).await.problem(status);
    }
}

/// Runs the binary, with nothing of the developer's environment; gives whether it ended well and what it said.
pub(crate) fn sspp_api(
    folder: &std::path::Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sspp-api"));
    command.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied());
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

async fn with_file<T>(path: std::path::PathBuf, work: impl AsyncFnOnce(Harness) -> T) -> T {
    let clock = std::sync::Arc::new(sspp_core::SystemClock);
    let adapters = sspp_runtime::open(sspp_runtime::Backends::Sqlite, &path, clock).await.unwrap();
    let ports = sspp_api::Ports { store: adapters.store.clone(), ..crate::harness::memory_ports() };
    let answer = work(Harness::over(ports, sspp_api::Settings::default())).await;
    adapters.close(tokio::time::Instant::now()).await;
    answer
}

/// What must be the same in every store: all of a signal but its number.
fn known_by_event(export: &str) -> std::collections::BTreeMap<String, String> {
    let lines = export.lines().filter(|line| line.contains(r#""kind":"signal""#));
    lines
        .map(|line| {
            let id = serde_json::from_str::<Value>(line).unwrap()["eventId"].as_str().unwrap().to_owned();
            (id, line.to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_imports_again_into_a_file_once_however_often() {
    let exported = filled(120).await.get("/api/v1/signals/export").await.text;
    let folder = tempfile::tempdir().unwrap();
    let mut text = exported.clone();
    text.push_str("{\"kind\":\"signal\",\"eventId\":\"7\"}\n\nnot json\n");
    text.push_str(&event("acc_new", "call_made", "{}").replacen('{', r#"{"eventId":"e-1","#, 1));
    std::fs::write(folder.path().join("signals.ndjson"), text).unwrap();
    let import = ["import", "signals.ndjson", "--data", "copy.db"];
    let (done, said) = sspp_api(folder.path(), &import, &[]);
    assert!(!done && said.contains("line 122:") && said.contains("line 124:"), "{said}");
    assert!(
        said.contains("121 new signals") && said.contains("2 not taken") && !said.contains("queued"),
        "{said}"
    );
    let (_, said) = sspp_api(folder.path(), &import, &[]);
    assert!(said.contains("0 new signals, 121 known before"), "{said}");
    let (done, said) = sspp_api(
        folder.path(),
        &["import", "signals.ndjson", "--data", "copy.db", "--skip-lines", "124"],
        &[],
    );
    assert!(done && said.contains("0 new signals, 1 known before"), "{said}");
    with_file(folder.path().join("copy.db"), async |copy| {
        let again = copy.get("/api/v1/signals/export").await.text;
        let mut found = known_by_event(&again);
        found.retain(|_, line| !line.contains("acc_new"));
        assert_eq!(found, known_by_event(&exported));
        // Imported three times, one signal; and what was imported explains itself.
        assert_eq!(copy.get("/api/v1/signals").await.json()["pagination"]["total"], 121);
        let first = copy.get("/api/v1/signals?accountId=acc_1&limit=1").await.json()["data"][0]["id"].clone();
        let explained = copy.get(&format!("/api/v1/signals/{first}/explanation")).await.json();
        assert_eq!(explained["consistent"], true);
    })
    .await;
    let (done, said) = sspp_api(folder.path(), &["import", "nowhere.ndjson"], &[]);
    assert!(!done && said.contains("nowhere.ndjson"), "{said}");
}

/// As Python's `splitlines` does it, and others.
fn any_lines(text: &str) -> Vec<&str> {
    text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'])
        .filter(|line| !line.is_empty())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_is_one_line_whatever_its_event_holds_and_a_retry_after_an_import_is_no_conflict() {
    let pretty = "{\n  \"price\" : 1.50,\r\n\t\"says\": \"a  b\u{2028}c\u{85}d\\ne\"\n}";
    let own = event("acc\u{2028}1", "call_made", pretty).replacen('{', r#"{"eventId":"e-1","#, 1);
    let producer = Harness::direct();
    producer.accept(own.clone()).await;
    let exported = producer.get("/api/v1/signals/export").await.text;
    let lines = any_lines(&exported);
    assert_eq!(lines.len(), 2, "a model and a signal: {exported}");
    let signal: Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(signal["accountId"], "acc\u{2028}1");
    assert_eq!(signal["metadata"]["says"], "a  b\u{2028}c\u{85}d\ne");
    assert!(lines[1].contains(r#""price":1.50,"#), "{}", lines[1]);

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("signals.ndjson"), &exported).unwrap();
    let (done, said) = sspp_api(folder.path(), &["import", "signals.ndjson", "--data", "copy.db"], &[]);
    assert!(done && said.contains("1 new signals"), "{said}");
    with_file(folder.path().join("copy.db"), async |copy| {
        assert_eq!(copy.get("/api/v1/signals/export").await.text, exported);
        for retry in [own.clone(), own.replace("\r\n\t", " "), own.replace('\u{2028}', r"\u2028")] {
            copy.accept(retry).await;
        }
        let stats = copy.ports.store.stats().await.unwrap();
        assert_eq!((stats.signals, stats.dead_letters), (1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_without_an_id_counts_once_however_often_its_file_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let line = event("acc_new", "call_made", r#"{"n":12345678901234567890123}"#);
    std::fs::write(folder.path().join("e.ndjson"), format!("\u{feff}{line}\r\n{line}\r\n")).unwrap();
    let import = ["import", "e.ndjson", "--data", "copy.db"];
    for counted in ["2 new signals", "0 new signals, 2 known before"] {
        let (done, said) = sspp_api(folder.path(), &import, &[]);
        assert!(done && said.contains(counted), "{said}");
    }
    let (done, said) = sspp_api(folder.path(), &[&import[..], &["--skip-lines", "3"]].concat(), &[]);
    assert!(!done && said.contains("has 2 lines") && said.contains("the same file"), "{said}");
    with_file(folder.path().join("copy.db"), async |copy| {
        // The file says it twice.
        assert_eq!(copy.get("/api/v1/signals").await.json()["pagination"]["total"], 2);
        assert!(copy.get("/api/v1/signals/export").await.text.contains(r#"{"n":12345678901234567890123}"#));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_move_from_sqlite_to_postgresql_and_from_the_predecessor() {
    use sspp_core::testing::servers::{Kind, server};
    let Some(postgres) = server(Kind::Postgres17).await else { return };
    let Some(redis) = server(Kind::Redis7).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let exported = with_file(folder.path().join("sspp.db"), async |embedded| {
        for at in 0..60 {
            embedded
                .accept(event(&format!("acc_{}", at % 4), "demo_completed", r#"{"responseTimeHours":2}"#))
                .await;
        }
        embedded.get("/api/v1/signals/export").await.text
    })
    .await;
    std::fs::write(folder.path().join("signals.ndjson"), &exported).unwrap();
    let store = sspp_core::PgStore::open(sspp_core::PgConfig::new(&postgres.url)).await.unwrap();
    store.migrate().await.unwrap();
    let variables = [("DATABASE_URL", postgres.url.as_str()), ("REDIS_URL", redis.url.as_str())];
    for round in ["60 new signals", "0 new signals, 60 known before"] {
        let (done, said) = sspp_api(folder.path(), &["import", "signals.ndjson"], &variables);
        assert!(done && said.contains(round), "{said}");
        assert!(said.contains("into PostgreSQL at ") && said.contains("database "), "{said}");
    }
    // Events go where the service would take them: into the queue, or into PostgreSQL at once.
    std::fs::write(folder.path().join("e.ndjson"), event("acc_new", "call_made", "{}")).unwrap();
    for (variables, said) in [
        (&variables[..], "0 new signals, 1 events queued"),
        (&variables[..1], "1 new signals"),
        (&variables[..1], "0 new signals, 1 known before"),
    ] {
        let (done, told) = sspp_api(folder.path(), &["import", "e.ndjson"], variables);
        assert!(done && told.contains(said), "{told}");
    }
    let removed = Harness::over(
        sspp_api::Ports { store: store.port(), ..crate::harness::memory_ports() },
        sspp_api::Settings::default(),
    );
    assert_eq!(removed.send("DELETE", "/api/v1/accounts/acc_new", &[], ()).await.status, 202);
    // A failure that waiting cannot cure is reported at once.
    let (host, secret) = (redis.url.trim_start_matches("redis://"), "hunter2");
    let database = postgres.url.split_once('@').unwrap().1.split_once('/').unwrap().0;
    for url in [
        format!("redis://stranger:{secret}@{host}"),
        format!("redis://{host}/99"),
        format!("redis-cluster://{host}"),
        format!("redis://{database}"),
    ] {
        let variables = [("DATABASE_URL", postgres.url.as_str()), ("REDIS_URL", url.as_str())];
        let (done, said) = sspp_api(folder.path(), &["import", "signals.ndjson"], &variables);
        assert!(!done && said.contains("cannot use the queue (--redis-url, REDIS_URL)"), "{url}: {said}");
        assert!(!said.contains("trying again") && !said.contains(secret), "{url}: {said}");
    }
    let ports = sspp_api::Ports { store: store.port(), ..crate::harness::memory_ports() };
    let production = Harness::over(ports, sspp_api::Settings::default());
    let again = production.get("/api/v1/signals/export").await.text;
    assert_eq!(known_by_event(&again), known_by_event(&exported));

    // The predecessor's table, as its init.sql makes it, in the same server.
    let arguments = ["import-legacy", "--from", postgres.url.as_str()];
    let (done, said) = sspp_api(folder.path(), &arguments, &variables);
    assert!(!done && said.contains("there is no table sales_signals in PostgreSQL at "), "{said}");
    assert!(said.contains("--from") && !said.contains("migrate") && !said.contains("at line"), "{said}");
    legacy_table(&postgres.url).await;
    for round in ["3 new signals, 1 not taken", "0 new signals, 3 known before, 1 not taken"] {
        let (done, said) = sspp_api(folder.path(), &arguments, &variables);
        assert!(!done && said.contains(round) && said.contains("row 4: "), "{said}");
    }
    let (done, said) = sspp_api(folder.path(), &[&arguments[..], &["--after", "4"]].concat(), &variables);
    assert!(done && said.contains("0 rows of 0: 0 new signals"), "{said}");
    let old = production.get("/api/v1/signals?accountId=old_acc&sortBy=timestamp&sortOrder=ASC").await.json();
    let row = &old["data"][0];
    assert_eq!((&row["signal_score"], &row["source"]), (&json!(0.7), &json!("legacy")));
    assert_eq!(row["processed_at"], "2023-05-01T10:00:01.500Z", "{row}");
    let explained = production.get(&format!("/api/v1/signals/{}/explanation", row["id"])).await.json();
    assert_eq!(
        (&explained["model"]["name"], &explained["consistent"]),
        (&json!("predecessor"), &json!(true))
    );
    // One whose score its rules do not give: kept, and said.
    let odd = production.get(&format!("/api/v1/signals/{}/explanation", old["data"][1]["id"])).await.json();
    assert_eq!((&odd["consistent"], &odd["signal_score"]), (&json!(false), &json!(0.33)));
    assert!(odd["detail"].as_str().unwrap().contains("predecessor"), "{odd}");
}

async fn legacy_table(url: &str) {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE sales_signals (id SERIAL PRIMARY KEY, account_id VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL, \
         event_type VARCHAR(100) NOT NULL, signal_type VARCHAR(100) NOT NULL, signal_score DECIMAL(5,2) NOT NULL, \
         timestamp TIMESTAMP NOT NULL, processed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, metadata JSONB); \
         INSERT INTO sales_signals (account_id, user_id, event_type, signal_type, signal_score, timestamp, processed_at, metadata) VALUES \
         ('old_acc', 'u', 'email_clicked', 'high_engagement', 0.70, '2023-05-01 10:00:00', '2023-05-01 10:00:01.5', '{\"responseTimeHours\": 2}'), \
         ('old_acc', 'u', 'email_clicked', 'high_engagement', 0.33, '2023-05-02 10:00:00', '2023-05-02 10:00:01', NULL), \
         ('other', 'u', 'call_made', 'outreach', 0.50, '2023-05-03 10:00:00', '2023-05-03 10:00:01', '{}'), \
         ('', 'u', 'call_made', 'outreach', 0.50, '2023-05-03 10:00:00', '2023-05-03 10:00:01', '{}')",
    )
    .execute(&mut connection)
    .await
    .unwrap();
}
