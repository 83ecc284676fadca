//! One file under several names, and files that are renamed, removed or replaced while they are in use.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sspp_core::testing::builders::{dead_letter, model, signal};
use sspp_core::testing::contract::StoreFixture as _;
use sspp_core::{
    Models as _, Record, Recorded, Signals, SqliteConfig, SqliteOpenError, SqliteStore, StoreError,
    StoreStatus as _, SystemClock,
};

use super::fixture::{Fixture, fixture};

async fn open(path: &Path) -> Result<SqliteStore, SqliteOpenError> {
    let store = SqliteStore::open(SqliteConfig::new(path), Arc::new(SystemClock)).await?;
    store.put_model(&model(0)).await.unwrap();
    Ok(store)
}

async fn keep(store: &(impl Signals + ?Sized), numbers: std::ops::Range<u64>) {
    store.record(numbers.map(|number| signal(number).record()).collect()).await.unwrap();
}

async fn count(store: &(impl Signals + ?Sized)) -> u64 {
    store.stats().await.unwrap().signals
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Nothing is acknowledged, and every caller gets the reason.
async fn refuses(fixture: &Fixture) {
    let store = fixture.store();
    for error in [
        store.ping().await.unwrap_err(),
        store.record(vec![signal(77).record()]).await.unwrap_err(),
        store.receive(vec![signal(77).record(), signal(78).record()]).await.unwrap_err(),
        store.put_model(&model(7)).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Storage { .. }), "{error}");
        assert!(error.to_string().contains("moved, removed or replaced"), "{error}");
    }
}

#[tokio::test]
async fn a_file_under_another_name_has_the_same_owner() {
    let mut fixture = fixture().await;
    keep(&*fixture.store(), 1..2).await;
    let path = fixture.path();
    let other = path.with_file_name("other.db");
    fs::hard_link(&path, &other).unwrap();
    let link = path.with_file_name("link.db");
    std::os::unix::fs::symlink(&other, &link).unwrap();
    let through_folder = path.parent().unwrap().join(".").join("sspp.db");
    for name in [&path, &other, &link, &through_folder] {
        for _ in 0..2 {
            let error = open(name).await.unwrap_err();
            assert!(matches!(error, SqliteOpenError::InUse { .. }), "{}: {error}", name.display());
        }
    }
    // The first is not disturbed, and leaves nothing beside the file.
    keep(&*fixture.store(), 2..3).await;
    fixture.close().await;
    let names = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().contains('-')).count(), 0);
    assert_eq!(count(&open(&other).await.unwrap()).await, 2);
}

#[tokio::test]
async fn a_file_that_is_gone_takes_no_events_and_comes_back() {
    let mut fixture = fixture().await;
    let (path, away) = (fixture.path(), fixture.path().with_file_name("away.db"));
    keep(&*fixture.store(), 1..2).await;
    fs::rename(&path, &away).unwrap();
    refuses(&fixture).await;
    assert!(!path.exists(), "no new file was made");
    // What was acknowledged is in the file, wherever it is; and no log is left for another file.
    assert_eq!(fs::metadata(beside(&path, "-wal")).unwrap().len(), 0);
    let copy = path.with_file_name("copy.db");
    fs::copy(&away, &copy).unwrap();
    let copied = open(&copy).await.unwrap();
    assert_eq!(count(&copied).await, 1);
    copied.close().await;

    fs::rename(&away, &path).unwrap();
    fixture.store().ping().await.unwrap();
    keep(&*fixture.store(), 2..3).await;
    assert!(fixture.crash().await);
    assert_eq!(count(&*fixture.store()).await, 2);
}

#[tokio::test]
async fn what_is_refused_while_the_file_is_gone_is_not_done() {
    let mut fixture = fixture().await;
    let (store, path, away) = (fixture.store(), fixture.path(), fixture.path().with_file_name("away.db"));
    let letter = Record::DeadLetter(dead_letter(9));
    store.record(vec![letter]).await.unwrap();
    fs::rename(&path, &away).unwrap();
    refuses(&fixture).await;
    store.remove_dead_letter(dead_letter(9).id).await.unwrap_err();
    fs::rename(&away, &path).unwrap();
    // What the writer knows is what the file has.
    let error = store.record(vec![Record::Signal { signal: of_model_7(), payload: "x".into() }]).await;
    assert!(matches!(error, Err(StoreError::MissingModel { .. })), "{error:?}");
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (0, 1));
    let recorded = store.record(vec![signal(77).record(), signal(9).record()]).await.unwrap();
    assert!(matches!(recorded[..], [Recorded::Signal(_), Recorded::Signal(_)]), "{recorded:?}");
    drop(store);
    assert!(fixture.crash().await);
    let stats = fixture.store().stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (2, 0), "the signal replaced its letter");
}

fn of_model_7() -> sspp_core::NewSignal {
    sspp_core::NewSignal { model: model(7).digest, ..signal(8).build() }
}

#[tokio::test]
async fn another_file_in_the_place_is_noticed_and_not_taken_over() {
    let fixture = fixture().await;
    let (path, away) = (fixture.path(), fixture.path().with_file_name("away.db"));
    let copy = path.with_file_name("copy.db");
    open(&copy).await.unwrap().close().await;
    keep(&*fixture.store(), 1..2).await;
    fs::rename(&path, &away).unwrap();
    fs::rename(&copy, &path).unwrap();
    refuses(&fixture).await;
    // It would take the log of the first for its own.
    let error = open(&path).await.unwrap_err();
    assert!(matches!(error, SqliteOpenError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (link, first, second) =
        (folder.path().join("sspp.db"), folder.path().join("1.db"), folder.path().join("2.db"));
    std::os::unix::fs::symlink(&first, &link).unwrap();
    let store = open(&link).await.unwrap();
    keep(&store, 1..2).await;
    assert!(first.exists() && link.is_symlink());
    fs::remove_file(&link).unwrap();
    fs::write(&second, "").unwrap();
    std::os::unix::fs::symlink(&second, &link).unwrap();
    assert!(matches!(store.ping().await, Err(StoreError::Storage { .. })));
    store.close().await;
}

#[tokio::test]
async fn a_removed_log_loses_nothing_that_was_acknowledged() {
    for ending in ["-wal", "-shm"] {
        let mut fixture = fixture().await;
        keep(&*fixture.store(), 0..20).await;
        fs::remove_file(beside(&fixture.path(), ending)).unwrap();
        refuses(&fixture).await;
        assert!(fixture.crash().await);
        assert_eq!(count(&*fixture.store()).await, 20, "{ending}");
        keep(&*fixture.store(), 21..22).await;
    }
}

#[tokio::test]
async fn a_path_is_a_path_whatever_it_looks_like() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "file:x.db",
        ":memory:",
        "x?mode=memory",
        "a%20b.db",
        "c#d.db",
        "e f.db",
        "ü.db",
        "~",
        "x.db-wal.db",
    ];
    for name in names {
        let path = folder.path().join(name);
        let store = open(&path).await.unwrap();
        keep(&store, 1..2).await;
        let second = open(&path).await.unwrap_err();
        assert!(matches!(second, SqliteOpenError::InUse { .. }), "{name}: {second}");
        store.close().await;
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
        let again = open(&path).await.unwrap();
        assert_eq!(count(&again).await, 1, "{name}");
        again.close().await;
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len());
}

#[tokio::test]
async fn a_path_that_cannot_be_a_file_is_refused_and_makes_none() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("x".repeat(200)).join("x".repeat(200));
    fs::create_dir_all(&long).unwrap();
    for (path, said) in [
        (PathBuf::new(), "it is empty"),
        (PathBuf::from(":memory:"), "write ./:memory:"),
        (PathBuf::from("file:sspp.db?mode=memory"), "write ./file:sspp.db?mode=memory"),
        (PathBuf::from("sqlite://sspp.db"), "URI"),
        (PathBuf::from("/dev/null"), "neither a file"),
        (folder.path().join("new.db/"), "it is a folder"),
        (long.join("x".repeat(200)), "of at most"),
        (folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.db")), "UTF-8"),
    ] {
        let error = open(&path).await.unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains('\n'), "{}: {error}", path.display());
    }
    let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.filter(|name| name.len() < 200).count(), 0);
    assert_eq!(fs::read_dir(&long).unwrap().count(), 0);
    for name in ["file:sspp.db", ":memory:"] {
        assert!(!Path::new(name).exists());
    }
}
