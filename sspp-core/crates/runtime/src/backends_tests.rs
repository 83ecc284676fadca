//! The configuration of Redis and PostgreSQL, case by case.

use std::time::Duration;

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Config {
    #[command(flatten)]
    backends: BackendArgs,
}

const HIDDEN: &str = "p@ss/word";

/// The URLs or the message of a set of flags, as `--name value` pairs.
fn resolved(arguments: &str) -> Result<Backends, String> {
    let words = std::iter::once("x").chain(arguments.split_whitespace());
    let config = Config::try_parse_from(words).unwrap();
    assert!(!format!("{config:?}").contains(HIDDEN), "a password is shown by Debug");
    config.backends.resolve().map_err(|error| error.to_string())
}

const REDIS: &str = "--redis-url redis://cache ";
const DATABASE: &str = "--database-url postgres://db/sspp ";

#[test]
fn urls_and_parts_say_the_same() {
    for (arguments, redis, postgres) in [
        (
            "--redis-url redis://cache --database-url postgres://db/sspp",
            "redis://cache",
            "postgres://db/sspp",
        ),
        (
            "--redis-url rediss://u:p@cache:1/2 --database-url postgresql://u:p@db/sspp",
            "rediss://u:p@cache:1/2",
            "postgresql://u:p@db/sspp",
        ),
        (
            "--redis-host cache --postgres-host db --postgres-user u --postgres-db d",
            "redis://cache:6379",
            "postgres://u@db:5432/d",
        ),
        (
            "--redis-host cache --redis-port 1 --redis-password p@ss/word --db-host ::1 --db-port 2 --db-user u \
             --db-password p@ss/word --db-name d",
            "redis://:p%40ss%2Fword@cache:1",
            "postgres://u:p%40ss%2Fword@[::1]:2/d",
        ),
        (
            "--redis-url redis-cluster://cache?node=b:1&node=c:2 --postgres-host /var/run/x --postgres-user u --postgres-db d",
            "redis-cluster://cache?node=b:1&node=c:2",
            "postgres://u@%2Fvar%2Frun%2Fx:5432/d",
        ),
        (
            "--redis-host cache --postgres-host db --db-host db --db-username u --postgres-db d",
            "redis://cache:6379",
            "postgres://u@db:5432/d",
        ),
        (
            "--redis-url redis://cache --redis-port tcp://10.0.0.1:6379 --database-url postgres://db/sspp --redis-host= \
             --postgres-port tcp://10.0.0.2:5432",
            "redis://cache",
            "postgres://db/sspp",
        ),
    ] {
        let (found, store) = both(arguments);
        assert_eq!((&*found.url, &*store.url), (redis, postgres), "{arguments}");
    }
}

/// Redis and PostgreSQL of flags that name both.
fn both(arguments: &str) -> (RedisConfig, PgConfig) {
    let Backends::RedisAndPostgres(redis, postgres) = resolved(arguments).unwrap() else {
        panic!("{arguments}")
    };
    (redis, postgres)
}

#[test]
fn what_is_named_decides_the_shape() {
    for arguments in ["", "--redis-url= --db-host= --database-url="] {
        assert!(matches!(resolved(arguments), Ok(Backends::Sqlite)), "{arguments}");
    }
    for arguments in [
        DATABASE,
        "--db-host db --db-user u --db-name sspp",
        "--redis-url= --database-url postgres://db/sspp",
    ] {
        let Ok(Backends::Postgres(postgres)) = resolved(arguments) else { panic!("{arguments}") };
        assert!(postgres.url.ends_with("/sspp"), "{arguments}");
    }
    assert!(matches!(resolved(&format!("{REDIS}{DATABASE}")), Ok(Backends::RedisAndPostgres(..))));
    for (arguments, named) in [(REDIS, "REDIS_URL"), ("--redis-host cache", "REDIS_HOST")] {
        let said = resolved(arguments).unwrap_err();
        assert!(said.contains(named) && said.contains("add DATABASE_URL"), "{said}");
    }
}

#[test]
fn half_a_configuration_and_contradictions_are_refused_by_name() {
    for (arguments, named) in [
        (REDIS.to_owned(), ["REDIS_URL", "DATABASE_URL"]),
        ("--redis-host cache".to_owned(), ["REDIS_HOST", "DATABASE_URL"]),
        ("--redis-password p@ss/word".to_owned(), ["REDIS_PASSWORD", "REDIS_HOST"]),
        ("--redis-port 1".to_owned(), ["REDIS_PORT", "REDIS_HOST"]),
        ("--postgres-password p@ss/word".to_owned(), ["POSTGRES_PASSWORD", "POSTGRES_HOST"]),
        ("--postgres-host db --postgres-db d".to_owned(), ["POSTGRES_HOST", "POSTGRES_USER"]),
        ("--postgres-host db --postgres-user u".to_owned(), ["POSTGRES_HOST", "POSTGRES_DB"]),
        (format!("{REDIS}{DATABASE}--redis-host cache"), ["REDIS_URL", "REDIS_HOST"]),
        (format!("{REDIS}{DATABASE}--redis-password p@ss/word"), ["REDIS_URL", "REDIS_PASSWORD"]),
        (format!("{REDIS}{DATABASE}--db-name d"), ["DATABASE_URL", "DB_NAME"]),
        ("--db-user a --postgres-user b".to_owned(), ["POSTGRES_USER", "DB_USER"]),
        ("--db-password p@ss/word --postgres-password b".to_owned(), ["POSTGRES_PASSWORD", "DB_PASSWORD"]),
        (format!("{DATABASE}--redis-url http://p@ss/word"), ["--redis-url", "REDIS_URL"]),
        (format!("{DATABASE}--redis-url redis://p@ss/word?db=3"), ["--redis-url", "REDIS_URL"]),
        (format!("{DATABASE}--redis-url redis://:p@ss/word#3@cache"), ["--redis-url", "REDIS_URL"]),
        (format!("{DATABASE}--redis-url redis-cluster://cache?db=3"), ["--redis-url", "node=host:port"]),
        (format!("{DATABASE}--redis-host cache/3"), ["--redis-host", "REDIS_HOST"]),
        (format!("{DATABASE}--redis-host cache:6380"), ["--redis-host", "without a port"]),
        (
            format!("{REDIS}--postgres-host db?options=x --db-user u --db-name d"),
            ["--postgres-host", "DB_HOST"],
        ),
        (format!("{REDIS}--db-host u@db --db-user u --db-name d"), ["--postgres-host", "POSTGRES_HOST"]),
        (format!("{REDIS}--database-url mysql://p@ss/word"), ["--database-url", "DATABASE_URL"]),
        (format!("{REDIS}{DATABASE}--queue-name {{q}}"), ["--queue-name", "QUEUE_NAME"]),
    ] {
        let said = resolved(&arguments).unwrap_err();
        assert!(named.iter().all(|name| said.contains(name)), "{arguments}: {said}");
        assert!(!said.contains(HIDDEN), "{arguments}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn secrets_may_be_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let password = file("password", "p@ss/word\n");
    let parts = "--redis-host cache --postgres-host db --postgres-user u --postgres-db d";
    let (redis, postgres) = both(&format!(
        "{parts} --redis-password-file {password} --postgres-password-file {password} --redis-url-file="
    ));
    assert_eq!(
        (&*redis.url, &*postgres.url),
        ("redis://:p%40ss%2Fword@cache:6379", "postgres://u:p%40ss%2Fword@db:5432/d")
    );
    let urls = [file("redis", "redis://cache\r\n"), file("postgres", "postgres://db/sspp")];
    let (redis, postgres) = both(&format!("--redis-url-file {} --database-url-file {}", urls[0], urls[1]));
    assert_eq!((&*redis.url, &*postgres.url), ("redis://cache", "postgres://db/sspp"));

    let (empty, missing) = (file("empty", "\n"), folder.path().join("missing").display().to_string());
    let wrong = file("wrong", "p@ss/word");
    for (arguments, named) in [
        (format!("{DATABASE}--database-url-file {}", urls[1]), ["DATABASE_URL", "DATABASE_URL_FILE"]),
        (
            format!("{parts} --redis-password x --redis-password-file {password}"),
            ["REDIS_PASSWORD", "REDIS_PASSWORD_FILE"],
        ),
        (format!("--redis-url-file {}", urls[0]), ["REDIS_URL_FILE", "add DATABASE_URL"]),
        (format!("--database-url-file {missing}"), ["DATABASE_URL_FILE", "cannot be read"]),
        (format!("--database-url-file {empty}"), ["--database-url-file", "is empty"]),
        (format!("--database-url-file {wrong}"), ["DATABASE_URL", "should begin with postgres://"]),
    ] {
        let said = resolved(&arguments).unwrap_err();
        assert!(named.iter().all(|name| said.contains(name)), "{arguments}: {said}");
        assert!(!said.contains(HIDDEN), "{arguments}: {said}");
    }
}

#[test]
fn limits_reach_the_adapters() {
    let (redis, postgres) = both(&format!(
        "{REDIS}{DATABASE}--queue-name q.1 --queue-shards 7 --max-backlog 9 --statement-timeout 500ms --database-connections 3"
    ));
    assert_eq!((&*redis.name, redis.shards, redis.max_backlog), ("sspp:q.1", 7, 9));
    assert_eq!((postgres.connections, postgres.statement_timeout), (3, Duration::from_millis(500)));
}

#[test]
fn values_that_no_server_could_have_are_refused_with_flag_and_variable() {
    for (flag, value) in [
        ("--redis-port", "70000"),
        ("--postgres-port", "0"),
        ("--queue-shards", "0"),
        ("--max-backlog", "0"),
        ("--database-connections", "0"),
        ("--statement-timeout", "0"),
    ] {
        let said = Config::try_parse_from(["x", flag, value]).unwrap_err().to_string();
        let variable = said.split('<').nth(1).and_then(|rest| rest.split('>').next());
        assert!(said.contains(flag) && variable.is_some_and(|name| name.contains('_')), "{said}");
    }
}
