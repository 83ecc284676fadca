//! How the worker starts without its dependencies, and what it says when it cannot. No server is needed.

use std::time::Instant;

use sspp_core::testing::eventually;

use crate::process::{Running, WORKER, command, ended};

/// No server listens on port 1.
const AWAY: [(&str, &str); 2] = [
    ("REDIS_URL", "redis://:hunter2@127.0.0.1:1"),
    ("DATABASE_URL", "postgres://sspp:hunter2@127.0.0.1:1/sspp"),
];

#[test]
fn what_cannot_start_says_why_in_one_line() {
    let [redis, database] = AWAY;
    for (arguments, variables, named) in [
        (&[][..], &[][..], "REDIS_URL and DATABASE_URL"),
        (&[], &[redis], "DATABASE_URL"),
        (&[], &[database], "REDIS_URL"),
        (&[], &[redis, database, ("REDIS_HOST", "cache")], "REDIS_HOST"),
        (&[], &[redis, database, ("DB_PASSWORD", "hunter2")], "DB_PASSWORD"),
        (&[], &[("REDIS_URL", "hunter2"), database], "REDIS_URL"),
        (&[], &[redis, ("DATABASE_URL", "mysql://u:hunter2@db/x")], "DATABASE_URL"),
        (
            &[],
            &[redis, database, ("SSPP_CLAIM_BOUND", "5"), ("SSPP_STATEMENT_TIMEOUT", "5s")],
            "SSPP_CLAIM_BOUND",
        ),
        (&[], &[redis, database, ("SSPP_CLAIM_BOUND", "soon")], "SSPP_CLAIM_BOUND"),
        (&[], &[redis, database, ("WORKER_PORT", "x")], "WORKER_PORT"),
        (&[], &[redis, database, ("QUEUE_CONCURRENCY", "0")], "QUEUE_CONCURRENCY"),
        (&[], &[redis, database, ("SSPP_BATCH_SIZE", "0")], "SSPP_BATCH_SIZE"),
        (&[], &[redis, database, ("SSPP_MODEL", "nothing.toml")], "nothing.toml"),
        (&[], &[redis, database, ("LOG_LEVEL", "loud")], "LOG_LEVEL"),
        (&["--nonsense"], &[], "--nonsense"),
        (&["work"], &[], "work"),
        (&["migrate"], &[redis], "DATABASE_URL"),
        (&["migrate", "postgres://u:hunter2@127.0.0.1:1/x"], &[redis], "postgres://…@127.0.0.1:1/x"),
        (&[], &[redis, database, ("SSPP_MIGRATE", "yes")], "SSPP_MIGRATE"),
        (&["migrate"], &[database], "migrate"),
        (&["healthcheck", "--port", "1"], &[], "127.0.0.1:1"),
    ] {
        // What a file or another process says is a failure; all else is wrong usage.
        let tried = named == "migrate" || named == "127.0.0.1:1";
        let variables = [variables, &[("RUST_BACKTRACE", "1")]].concat();
        let (status, _, said) = ended(&mut command(WORKER, arguments, &variables));
        assert_eq!(status, if tried { 1 } else { 2 }, "{arguments:?} {variables:?}: {said}");
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("sspp-worker: ") && last.contains(named), "{variables:?}: {said}");
        assert!(!said.contains("hunter2") && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn a_subcommand_lists_and_takes_only_its_own_settings() {
    let [redis, database] = AWAY;
    for (subcommand, theirs, others) in [
        (
            "migrate",
            &["DATABASE_URL", "DB_NAME", "LOG_LEVEL"][..],
            &["REDIS_URL", "WORKER_PORT", "STATEMENT_TIMEOUT", "OTEL"][..],
        ),
        ("healthcheck", &["WORKER_PORT", "SSPP_BIND"], &["DATABASE_URL", "REDIS_URL", "LOG_LEVEL"]),
        ("completions", &["bash"], &["WORKER_PORT", "DATABASE_URL"]),
        ("man", &["SUBCOMMAND"], &["WORKER_PORT", "DATABASE_URL"]),
    ] {
        let (status, help, _) = ended(&mut command(WORKER, &[subcommand, "--help"], &[]));
        assert!(status == 0 && theirs.iter().all(|name| help.contains(name)), "{help}");
        assert!(others.iter().all(|name| !help.contains(name)), "{subcommand}: {help}");
    }
    for words in [
        &["migrate", "--redis-url", "redis://cache"][..],
        &["healthcheck", "--log-level", "info"],
        &["--port", "1", "healthcheck"],
    ] {
        let (status, _, said) = ended(&mut command(WORKER, words, &[database]));
        assert_eq!(status, 2, "{words:?}: {said}");
    }
    // What the variables say of other settings does not matter to it.
    let bad = [redis, ("SSPP_CLAIM_BOUND", "soon"), ("WORKER_PORT", "1")];
    let (status, _, said) = ended(&mut command(WORKER, &["healthcheck"], &bad));
    assert!(status == 1 && said.contains("127.0.0.1:1 does not answer"), "{said}");
    let (status, page, _) = ended(&mut command(WORKER, &["man"], &[]));
    assert!(status == 0 && page.contains(".TH sspp-worker 1"), "{page}");
    let (status, completions, _) = ended(&mut command(WORKER, &["completions", "bash"], &[]));
    assert!(status == 0 && completions.contains("sspp-worker"), "{completions}");
}

#[test]
fn migrate_names_address_and_cause() {
    for (url, parts) in [
        (
            "postgres://u:hunter2@127.0.0.1:1/sales",
            ["PostgreSQL at 127.0.0.1:1, database sales,", "Connection refused"],
        ),
        ("postgres://u:hunter2@nowhere.invalid/sales", ["nowhere.invalid:5432", "check the host name"]),
    ] {
        let (status, _, said) = ended(&mut command(WORKER, &["migrate", "--database-url", url], &[]));
        assert!(status == 1 && parts.iter().all(|part| said.contains(part)), "{said}");
        assert!(!said.contains("hunter2") && !said.contains("pool") && said.lines().count() == 1, "{said}");
    }
}

#[cfg(feature = "otlp")]
#[test]
fn otlp_settings_that_cannot_be_used_are_refused_at_start() {
    let [redis, database] = AWAY;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    for bad in [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"), ("OTEL_TRACES_SAMPLER", "xray")] {
        let (status, _, said) = ended(&mut command(WORKER, &[], &[redis, database, endpoint, bad]));
        assert!(status == 2 && said.lines().count() == 1 && said.contains(bad.0), "{bad:?}: {said}");
    }
}

#[test]
fn help_names_every_variable_and_shows_no_password() {
    let (status, help, _) = ended(&mut command(WORKER, &["--help"], &AWAY));
    assert_eq!(status, 0);
    for named in [
        "REDIS_URL",
        "REDIS_HOST",
        "REDIS_PORT",
        "REDIS_PASSWORD",
        "DATABASE_URL",
        "POSTGRES_HOST",
        "POSTGRES_PORT",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
        "DB_HOST",
        "DB_PORT",
        "DB_USER",
        "DB_PASSWORD",
        "DB_NAME",
        "QUEUE_NAME",
        "SSPP_QUEUE_SHARDS",
        "SSPP_MAX_BACKLOG",
        "SSPP_CLAIM_BOUND",
        "SSPP_DATABASE_CONNECTIONS",
        "SSPP_STATEMENT_TIMEOUT",
        "SSPP_REQUIRE_DURABLE_QUEUE",
        "SSPP_MIGRATE",
        "SSPP_MODEL",
        "LOG_LEVEL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_SAMPLER",
        "LOG_FORMAT",
        "QUEUE_CONCURRENCY",
        "SSPP_BATCH_SIZE",
        "SSPP_SHUTDOWN_TIMEOUT",
        "WORKER_PORT",
        "SSPP_BIND",
        "SSPP_MAX_CONNECTIONS",
        "SSPP_HEADER_TIMEOUT",
        "SSPP_IDLE_TIMEOUT",
        "SSPP_ALLOWED_HOSTS",
        "migrate",
        "healthcheck",
    ] {
        assert!(help.contains(named), "{named}\n{help}");
    }
    assert!(!help.contains("hunter2") && !help.contains("```"), "{help}");
    let (_, version, _) = ended(&mut command(WORKER, &["--version"], &[]));
    assert_eq!(version, format!("sspp-worker {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn without_its_dependencies_it_lives_waits_and_stops_on_a_signal() {
    let worker = Running::start(WORKER, &AWAY);
    assert_eq!(worker.status("/livez").await, 200);
    eventually("both were asked", async || worker.json("/health").await["services"]["redis"].is_object())
        .await;
    let health = worker.json("/health").await;
    assert_eq!(health["status"], "unhealthy", "{health}");
    for service in ["redis", "postgresql"] {
        assert_eq!(health["services"][service]["status"], "unhealthy", "{health}");
        assert!(health["services"][service]["responseTime"].is_u64(), "{health}");
    }
    assert_eq!(
        (&health["durability"], &health["version"]),
        (&"unknown".into(), &env!("CARGO_PKG_VERSION").into())
    );
    assert_eq!(worker.status("/ready").await, 503);
    let (status, _, said) = ended(&mut command(WORKER, &["healthcheck", "--port", worker.port()], &[]));
    assert!(status == 1 && said.contains("not ready") && said.lines().count() == 1, "{said}");
    assert_eq!(worker.status("/livez").await, 200, "a dependency that is away does not end the process");
    let metrics = worker.text("/metrics").await;
    assert!(metrics.contains(r#"sspp_worker_dependency_up{dependency="redis"} 0"#), "{metrics}");
    let log = worker.log();
    assert!(log.contains("waiting for a dependency") && !log.contains("hunter2"), "{log}");
    eventually("the causes are in the log", async || {
        let log = worker.log();
        [
            "Redis at 127.0.0.1:1 cannot be used: Connection refused",
            "PostgreSQL at 127.0.0.1:1, database sspp, cannot be used",
        ]
        .iter()
        .all(|part| log.contains(part))
    })
    .await;
    let began = Instant::now();
    worker.signal("-TERM");
    assert_eq!(worker.ended(), 0);
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    let log = worker.log();
    assert!(!log.contains("closed"), "what it closes itself it does not wait for: {log}");
}
