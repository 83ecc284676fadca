//! What can be wrong with a path or a file, and what the message says.

use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use sspp_core::testing::builders::signal;
use sspp_core::testing::contract::StoreFixture as _;
use sspp_core::{Signals as _, SqliteConfig, SqliteOpenError, SqliteStore, SystemClock};

use super::fixture::fixture;

async fn refusal(path: &Path) -> SqliteOpenError {
    let error = SqliteStore::open(SqliteConfig::new(path), Arc::new(SystemClock)).await.unwrap_err();
    let line = error.to_string();
    assert!(line.contains(&path.display().to_string()) && !line.contains('\n'), "{line}");
    error
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&folder.path().join("missing/sspp.db")).await;
    assert!(matches!(error, SqliteOpenError::MissingFolder { .. }), "{error}");
    assert!(error.to_string().contains("create it"));
}

#[tokio::test]
async fn a_folder_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(error, SqliteOpenError::Folder { .. }), "{error}");
}

#[tokio::test]
async fn a_file_in_the_way_of_the_folder_is_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let error = refusal(&folder.path().join("file/sspp.db")).await;
    assert!(matches!(error, SqliteOpenError::MissingFolder { .. }), "{error}");
}

#[tokio::test]
async fn another_kind_of_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let text = "this is a letter and no database ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, SqliteOpenError::NotADatabase { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE contacts (name TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, SqliteOpenError::OtherProgram { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// What its last process left is in its log, and has to stay there.
#[tokio::test]
async fn a_database_of_another_program_with_a_log_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (running, path) = (folder.path().join("running.db"), folder.path().join("other.db"));
    let options = SqliteConnectOptions::new().filename(&running).create_if_missing(true);
    let mut other = options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE contacts (name TEXT)").execute(&mut other).await.unwrap();
    let log = |path: &Path| path.with_extension("db-wal");
    for (from, to) in [(running.clone(), path.clone()), (log(&running), log(&path))] {
        std::fs::copy(from, to).unwrap();
    }
    let before = (std::fs::read(&path).unwrap(), std::fs::read(log(&path)).unwrap());
    let error = refusal(&path).await;
    assert!(matches!(error, SqliteOpenError::OtherProgram { .. }), "{error}");
    assert_eq!((std::fs::read(&path).unwrap(), std::fs::read(log(&path)).unwrap()), before);
}

#[tokio::test]
async fn a_second_owner_is_refused_until_the_first_is_gone() {
    let mut fixture = fixture().await;
    let error = refusal(&fixture.path()).await;
    assert!(matches!(error, SqliteOpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("in use by another process"));
    // Under another name it is the same file.
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("current.db");
    std::os::unix::fs::symlink(fixture.path(), &link).unwrap();
    let error = refusal(&link).await;
    assert!(matches!(error, SqliteOpenError::InUse { .. }), "{error}");
    fixture.close().await;
    fixture.open().await;
}

/// The copy names the log of the file that it was made from, which is no log of a crash.
#[tokio::test]
async fn a_copy_made_by_sqlite_opens_while_the_first_runs() {
    let mut fixture = fixture().await;
    fixture.store().record(vec![signal(1).record()]).await.unwrap();
    let copy = fixture.path().with_file_name("copy.db");
    let mut connection = fixture.connect().await;
    let text = format!("VACUUM INTO '{}'", copy.display());
    sqlx::query(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let copied = SqliteStore::open(SqliteConfig::new(&copy), Arc::new(SystemClock)).await.unwrap();
    assert_eq!(copied.stats().await.unwrap().signals, 1);
    copied.close().await;
    // The first keeps what it has.
    fixture.store().record(vec![signal(2).record()]).await.unwrap();
    assert!(fixture.crash().await);
    assert_eq!(fixture.store().stats().await.unwrap().signals, 2);
}

/// A later version has migrations more, one from before the first release has others under the same numbers.
#[tokio::test]
async fn the_schema_of_another_version_is_refused() {
    for (change, lacking) in [
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'of the future', TRUE, x'00', 0)",
            9_999,
        ),
        ("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1", 1),
    ] {
        let mut fixture = fixture().await;
        fixture.close().await;
        let mut connection = fixture.connect().await;
        sqlx::query(change).execute(&mut connection).await.unwrap();
        drop(connection);
        let error = refusal(&fixture.path()).await;
        assert!(
            matches!(error, SqliteOpenError::OtherSchema { version, .. } if version == lacking),
            "{error}"
        );
        assert!(error.to_string().contains("written by another version of SSPP"), "{error}");
    }
}

#[tokio::test]
async fn a_file_without_room_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sspp.db");
    let config = SqliteConfig { max_file_bytes: Some(8_192), ..SqliteConfig::new(&path) };
    let error = SqliteStore::open(config, Arc::new(SystemClock)).await.unwrap_err();
    assert!(matches!(error, SqliteOpenError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("free disk space"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_without_the_right_to_write_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(folder.path().join("probe"), "x").is_ok() {
        return; // This user may write everywhere.
    }
    let error = refusal(&folder.path().join("sspp.db")).await;
    assert!(matches!(error, SqliteOpenError::NotWritable { .. }), "{error}");
}

/// In UTF-16 the order of texts and the bytes of a payload as text would be others.
#[tokio::test]
async fn a_file_in_another_encoding_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("utf16.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("PRAGMA encoding = 'UTF-16le'; PRAGMA application_id = 0x53535050; CREATE TABLE t (a)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let error = SqliteStore::open(SqliteConfig::new(&path), Arc::new(SystemClock)).await.unwrap_err();
    assert!(error.to_string().contains("its encoding is UTF-16le, and has to be UTF-8"), "{error}");
}
