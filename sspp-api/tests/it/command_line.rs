//! The command line of the real binary: what each subcommand takes, what it ends with, and what it leaves behind.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::command;

/// The status, what was printed and what was said.
fn ended(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The settings of a help text by heading: each by its flag and, where it takes a value, by its variable.
fn settings(help: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut heading = "";
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in help.lines() {
        if let Some(name) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            heading = name;
            continue;
        }
        let line = line.trim();
        let words = line.split([' ', '<', '>']).filter(|_| line.starts_with('-'));
        let is_name = |word: &str| word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let settings = words.filter(|word| word.starts_with("--") || is_name(word));
        let settings: Vec<_> = settings.filter(|word| !["--help", "--version"].contains(word)).collect();
        if !settings.is_empty() {
            found.entry(heading).or_default().extend(settings);
        }
    }
    found
}

#[test]
fn every_setting_is_listed_under_its_own_heading_and_only_where_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let listed = |words: &[&str]| {
        let (status, help, _) = ended(&mut command(folder.path(), &[words, &["--help"]].concat()));
        assert_eq!(status, 0, "{words:?}");
        help
    };
    let help = listed(&[]);
    let served = settings(&help);
    for (heading, variables) in [
        (
            "Options",
            &[
                "PORT",
                "SSPP_BIND",
                "API_PREFIX",
                "SSPP_SHUTDOWN_TIMEOUT",
                "SSPP_SHUTDOWN_DELAY",
                "SSPP_DATA",
                "SSPP_MODEL",
            ][..],
        ),
        ("Access", &["--allow-anonymous", "SSPP_API_KEYS", "SSPP_RATE_LIMIT", "SSPP_CORS_ORIGINS"]),
        (
            "Connections",
            &["SSPP_HEADER_TIMEOUT", "SSPP_ALLOWED_HOSTS", "SSPP_MAX_CONNECTIONS", "SSPP_REQUEST_TIMEOUT"],
        ),
        ("Retention", &["SSPP_RETAIN_SIGNALS"]),
        ("Redis", &["REDIS_URL", "REDIS_PASSWORD"]),
        ("Queue on Redis", &["QUEUE_NAME", "SSPP_MAX_BACKLOG"]),
        ("PostgreSQL", &["DATABASE_URL", "DB_NAME", "SSPP_STATEMENT_TIMEOUT"]),
        ("At start", &["--migrate", "--require-durable-queue"]),
        ("Logs", &["LOG_LEVEL", "LOG_FORMAT"]),
        ("Traces", &["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG"]),
    ] {
        let found = served.get(heading).unwrap_or_else(|| panic!("{heading}: {help}"));
        assert!(variables.iter().all(|variable| found.contains(variable)), "{heading}: {found:?}");
    }
    assert!(help.contains("Exit status:"), "{help}");
    for (subcommand, headings) in [
        ("openapi", &[][..]),
        ("keygen", &["Options"]),
        ("completions", &[]),
        ("man", &[]),
        ("healthcheck", &["Options"]),
        ("import", &["Logs", "Options", "PostgreSQL", "Queue on Redis", "Redis"]),
        ("import-legacy", &["Logs", "Options", "PostgreSQL"]),
        ("migrate", &["Logs", "PostgreSQL"]),
    ] {
        let help = listed(&[subcommand]);
        let found: Vec<_> = settings(&help).into_keys().collect();
        assert_eq!(found, headings, "{subcommand}: {help}");
    }
    assert_eq!(settings(&listed(&["healthcheck"]))["Options"], ["--port", "PORT", "--bind", "SSPP_BIND"]);
    assert_eq!(settings(&listed(&["keygen"]))["Options"], ["--name", "NAME", "--scopes", "SCOPES"]);
}

#[test]
fn wrong_usage_ends_with_2_and_a_failure_with_1() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["--nonsense"][..],
        &["serve"],
        &["--port", "abc"],
        &["--bind", "0.0.0.0"],
        &["--request-timeout", "soon"],
        &["--request-timeout", "30x"],
        &["--log-level", "loud=very=much"],
        &["--rate-limit-burst", "5"],
        &["--redis-url", "redis://cache"],
        &["--redis-url", "http://cache", "--database-url", "postgres://db/sspp"],
        &["--data", "file:x", "--port", "0"],
        &["--api-keys-file", "missing"],
        &["keygen"],
        &["keygen", "--name", "a b"],
        &["keygen", "--name", "a", "--scopes", "all"],
        &["keygen", "--name", "a", "--port", "80"],
        &["openapi", "--data", "x.db"],
        &["healthcheck", "--port", "0"],
        &["healthcheck", "--database-url", "postgres://db/sspp"],
        &["--model", "nope.toml"],
        &["postgres://u:hunter2@db/x"],
        &["import", "x.ndjson", "postgres://u:hunter2@db/x"],
        &["import-legacy", "postgres://u:hunter2@db/x"],
        &["import"],
        &["import", "x.ndjson", "--migrate"],
        &["import", "x.ndjson", "--skip-lines", "-1"],
        &["import-legacy"],
        &["import-legacy", "--from", "mysql://u:hunter2@db/x"],
        &["import-legacy", "--from", "postgres://db/x", "--source", ""],
        &["completions"],
        &["completions", "tcsh"],
        &["man", "nothing"],
        &["--data", "x.db", "import", "x.ndjson"],
    ] {
        let (status, out, said) = ended(&mut command(folder.path(), words));
        assert_eq!((status, out.as_str()), (2, ""), "{words:?}: {said}");
        assert!(said.starts_with("sspp-api: ") && said.lines().count() == 1, "{words:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let (_, _, said) = ended(&mut command(folder.path(), &["--data", "x.db", "import", "x.ndjson"]));
    assert!(said.contains("write the subcommand first"), "{said}");
    for words in [
        &["healthcheck", "--port", "1"][..],
        &["import", "nope.ndjson"],
        &["import", "postgres://u:hunter2@db/x"],
        &["import-legacy", "--from", "postgres://u:hunter2@127.0.0.1:1/x"],
    ] {
        let (status, _, said) = ended(&mut command(folder.path(), words));
        assert_eq!(status, 1, "{words:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert_eq!(names(folder.path()), Vec::<String>::new(), "nothing is left behind");
}

#[test]
fn a_subcommand_is_not_disturbed_by_settings_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut keygen = command(folder.path(), &["keygen", "-n", "crm", "-s", "read"]);
    let bad =
        [("PORT", "abc"), ("SSPP_CLAIM_BOUND", "soon"), ("SSPP_API_KEYS", "wrong"), ("LOG_FORMAT", "xml")];
    let (status, out, said) = ended(keygen.envs(bad));
    assert!(status == 0 && out.contains("config: crm:read:"), "{said}");
    // Its own count.
    let (status, _, said) = ended(command(folder.path(), &["healthcheck"]).env("PORT", "1"));
    assert!(status == 1 && said.contains("127.0.0.1:1") && said.contains("Connection refused"), "{said}");
}

#[test]
fn other_files_than_ndjson_are_named_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("folder")).unwrap();
    let utf16: Vec<u8> = "{}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, content) in [
        ("events.csv", &b"accountId,userId\na,b\n"[..]),
        ("signals.csv", b"id,event_id,signal_score\n1,2,0.5\n"),
        ("array.json", b"[\n{}\n]\n"),
        ("pretty.json", b"{\n  \"accountId\": \"a\"\n}\n"),
        ("events.ndjson.gz", b"\x1f\x8b\x08\0\0"),
        ("events.xlsx", b"PK\x03\x04\0\0"),
        ("utf16.ndjson", &utf16),
        ("words.txt", b"hello\n"),
        ("empty.ndjson", b""),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let before = names(folder);
    for (file, said) in [
        ("events.csv", "is CSV: use `sspp import events.csv`"),
        ("signals.csv", "`/signals/export` without `format=csv`"),
        ("array.json", "JSON array"),
        ("pretty.json", "several lines"),
        ("events.ndjson.gz", "gzip"),
        ("events.xlsx", "spreadsheet"),
        ("utf16.ndjson", "UTF-16"),
        ("words.txt", "line 1 is not a JSON object"),
        ("folder", "directory"),
        ("nope.ndjson", "No such file"),
    ] {
        let (status, _, text) = ended(&mut command(folder, &["import", file]));
        assert!(status == 1 && text.contains(file) && text.contains(said), "{file}: {text}");
        assert_eq!(names(folder), before, "{file}");
    }
    let (status, _, said) = ended(&mut command(folder, &["import", "empty.ndjson"]));
    assert!(status == 0 && said.contains("0 lines"), "{said}");
    assert_eq!(names(folder), before);
}

#[test]
fn a_signal_stops_an_import_which_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    for (first, line, said) in
        [("0", "", "nothing was imported"), ("2", "{}\n{}\n", "--skip-lines 2 skips the imported rows")]
    {
        let mut child = command(folder.path(), &["import", "-", "--skip-lines", first])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let event = crate::harness::event("acc_1", "call_made", "{}");
        input.write_all(format!("{line}{event}\n").as_bytes()).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut opened = String::new();
        stderr.read_line(&mut opened).unwrap();
        assert!(opened.starts_with("into the data file "), "{opened}");
        // It waits for the next line now, which never comes.
        let pid = child.id().to_string();
        assert!(Command::new("sh").args(["-c", &format!("kill -INT {pid}")]).status().unwrap().success());
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
        assert!(rest.contains("stopped by SIGINT") && rest.contains(said), "{rest}");
    }
}

#[test]
fn dependencies_that_are_away_are_named_with_address_and_cause() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("e.ndjson"), crate::harness::event("a", "call_made", "{}")).unwrap();
    let variables = [
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:1"),
        ("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/sales"),
    ];
    let (status, _, said) = ended(command(folder.path(), &["import", "e.ndjson"]).envs(variables));
    for part in [
        "PostgreSQL at 127.0.0.1:1, database sales,",
        "Connection refused",
        "check that it runs",
        "DATABASE_URL",
    ] {
        assert!(status == 1 && said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

/// A file that is named and a database that the environment names: neither is left out silently.
#[test]
fn a_data_file_beside_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("e.ndjson"), crate::harness::event("a", "call_made", "{}")).unwrap();
    let before = names(folder.path());
    let servers = [("REDIS_URL", "redis://127.0.0.1:1"), ("DATABASE_URL", "postgres://127.0.0.1:1/sales")];
    for words in [
        &["--port", "0", "--data", "other.db"][..],
        &["import", "e.ndjson", "--data", "other.db"],
        &["import-legacy", "--from", "postgres://127.0.0.1:1/old", "--data", "other.db"],
    ] {
        let (status, _, said) = ended(command(folder.path(), words).envs(servers));
        assert_eq!((status, said.lines().count()), (2, 1), "{words:?}: {said}");
        for part in ["--data (SSPP_DATA) names the file other.db", "DATABASE_URL names PostgreSQL"] {
            assert!(said.contains(part), "{words:?}: {said}");
        }
        let words: Vec<_> =
            words.iter().copied().filter(|word| !["--data", "other.db"].contains(word)).collect();
        let mut with_variable = command(folder.path(), &words);
        let (status, _, said) = ended(with_variable.envs(servers).env("SSPP_DATA", "other.db"));
        assert!(status == 2 && said.contains("other.db"), "{words:?}: {said}");
    }
    assert_eq!(names(folder.path()), before);
}

#[test]
fn where_no_line_can_be_taken_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.ndjson"), "{\"a\":1}\n{\"kind\":\"x\"}\n").unwrap();
    let (status, _, said) = ended(&mut command(folder.path(), &["import", "bad.ndjson", "--data", "b.db"]));
    assert!(status == 1 && said.contains("line 1: ") && said.contains("2 could not be imported"), "{said}");
    assert_eq!(names(folder.path()), ["bad.ndjson"]);
}

#[test]
fn a_wrong_variable_and_a_wrong_model_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value) in [("SSPP_MIGRATE", "yes"), ("SSPP_ALLOW_ANONYMOUS", "yes"), ("PORT", "x")] {
        let (status, _, said) = ended(command(folder.path(), &[]).env(variable, value));
        assert!(status == 2 && said.contains(variable) && said.contains(value), "{said}");
    }
    std::fs::write(folder.path().join("ev.csv"), "accountId,userId\n").unwrap();
    let (status, _, said) = ended(&mut command(folder.path(), &["--model", "ev.csv"]));
    assert!(status == 2 && said.contains("ev.csv (--model, SSPP_MODEL): is not TOML"), "{said}");
    let (status, help, _) = ended(&mut command(folder.path(), &["help", "import"]));
    assert!(status == 0 && help.contains("sspp export") && help.contains("Exit status:"), "{help}");
    assert!(help.contains("without a kind") && !help.contains("--claim-bound"), "{help}");
}

#[test]
fn completions_and_man_pages_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (status, out, said) = ended(&mut command(folder.path(), &["completions", shell]));
        assert!(
            status == 0 && out.contains("import-legacy") && out.contains("shutdown-timeout"),
            "{shell}: {said}"
        );
    }
    let (status, page, _) = ended(&mut command(folder.path(), &["man"]));
    assert!(
        status == 0
            && page.contains(".TH sspp-api 1")
            && page.contains("EXIT") | page.contains("Exit status"),
        "{page}"
    );
    let (status, page, _) = ended(&mut command(folder.path(), &["man", "import"]));
    assert!(status == 0 && page.contains("skip\\-lines"), "{page}");
}

#[test]
fn help_version_and_document_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let printed = |argument: &str| {
        let output = command(folder.path(), &[argument]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(printed("--version"), format!("sspp-api {}\n", env!("CARGO_PKG_VERSION")));
    let help = printed("--help");
    for named in [
        "PORT",
        "SSPP_DATA",
        "SSPP_MODEL",
        "LOG_LEVEL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "REDIS_URL",
        "DATABASE_URL",
        "SSPP_REQUIRE_DURABLE_QUEUE",
        "SSPP_MIGRATE",
        "SSPP_SHUTDOWN_TIMEOUT",
        "SSPP_MAX_CONNECTIONS",
        "SSPP_HEADER_TIMEOUT",
        "SSPP_IDLE_TIMEOUT",
        "SSPP_ALLOWED_HOSTS",
        "openapi",
        "healthcheck",
        "migrate",
    ] {
        assert!(help.contains(named), "{named}\n{help}");
    }
    assert!(!help.contains("```"), "{help}");
    assert_eq!(printed("openapi"), include_str!("../../openapi.json"));
}
