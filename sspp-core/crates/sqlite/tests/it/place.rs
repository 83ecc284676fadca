//! One file under several names, and files that are renamed, removed or replaced while they are in use.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sspp_core::testing::builders::{job, signal};
use sspp_core::testing::contract::{QueueFixture, StoreFixture as _};
use sspp_core::{
    QueueError, Settled, SqliteConfig, SqliteDatabase, SqliteOpenError, StoreError, SystemClock,
};

use super::fixture::{Fixture, fixture};

async fn open(path: &Path) -> Result<SqliteDatabase, SqliteOpenError> {
    SqliteDatabase::open(SqliteConfig::new(path), Arc::new(SystemClock)).await
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// No job is acknowledged, and every caller gets the reason.
async fn refuses(fixture: &Fixture) {
    let errors = [
        fixture.queue().ping().await.unwrap_err(),
        fixture.queue().enqueue(vec![job(77)]).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, QueueError::Storage { .. }), "{error}");
        assert!(error.to_string().contains("moved, removed or replaced"), "{error}");
    }
    let errors = [
        fixture.store().record(vec![signal(77).record()]).await.unwrap_err(),
        fixture.store().ping().await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Storage { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_file_under_another_name_has_the_same_owner() {
    let mut fixture = fixture().await;
    fixture.queue().enqueue(vec![job(1)]).await.unwrap();
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
    fixture.queue().enqueue(vec![job(2)]).await.unwrap();
    fixture.close().await;
    let names = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().contains('-')).count(), 0);
    let database = open(&other).await.unwrap();
    assert_eq!(database.queue().depth().await.unwrap().total(), 2);
}

#[tokio::test]
async fn a_file_that_is_gone_takes_no_events_and_comes_back() {
    let mut fixture = fixture().await;
    let (path, away) = (fixture.path(), fixture.path().with_file_name("away.db"));
    fixture.queue().enqueue(vec![job(1)]).await.unwrap();
    fs::rename(&path, &away).unwrap();
    refuses(&fixture).await;
    assert!(!path.exists(), "no new file was made");
    // What was acknowledged is in the file, wherever it is; and no log is left for another file.
    assert_eq!(fs::metadata(beside(&path, "-wal")).unwrap().len(), 0);
    let copy = path.with_file_name("copy.db");
    fs::copy(&away, &copy).unwrap();
    let database = open(&copy).await.unwrap();
    assert_eq!(database.queue().depth().await.unwrap().total(), 1);
    database.close().await;

    fs::rename(&away, &path).unwrap();
    fixture.queue().ping().await.unwrap();
    fixture.queue().enqueue(vec![job(2)]).await.unwrap();
    assert!(QueueFixture::crash(&mut fixture).await);
    assert_eq!(fixture.queue().depth().await.unwrap().total(), 2);
}

#[tokio::test]
async fn what_is_refused_while_the_file_is_gone_is_not_done() {
    let mut fixture = fixture().await;
    let (queue, path, away) = (fixture.queue(), fixture.path(), fixture.path().with_file_name("away.db"));
    queue.enqueue((0..4).map(job).collect()).await.unwrap();
    let gone = || fs::rename(&path, &away).unwrap();
    let back = || fs::rename(&away, &path).unwrap();

    gone();
    queue.receive(2, Duration::ZERO).await.unwrap_err();
    back();
    let taken = queue.receive(4, Duration::ZERO).await.unwrap();
    assert_eq!(taken.len(), 4, "none is stuck");
    let mut taken = taken.into_iter();

    let settle = async |settlement: Settled| {
        gone();
        queue.settle(vec![settlement.clone()]).await.unwrap_err();
        back();
        queue.settle(vec![settlement]).await.unwrap();
    };
    settle(taken.next().unwrap().retry(Duration::ZERO)).await;
    settle(taken.next().unwrap().done()).await;
    let last = taken.next().unwrap();
    gone();
    queue.begin_run(&last.receipt).await.unwrap_err();
    back();
    assert_eq!(queue.begin_run(&last.receipt).await.unwrap(), 1);

    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.waiting, depth.active, depth.delayed), (1, 2, 0));
    assert_eq!(queue.receive(4, Duration::ZERO).await.unwrap()[0].attempts, 1);
    drop(queue);
    assert!(QueueFixture::crash(&mut fixture).await);
    assert_eq!(fixture.queue().depth().await.unwrap().total(), 3);
    assert_eq!(fixture.queue().reclaim(4).await.unwrap().len(), 3);
}

#[tokio::test]
async fn another_file_in_the_place_is_noticed_and_not_taken_over() {
    let fixture = fixture().await;
    let (path, away) = (fixture.path(), fixture.path().with_file_name("away.db"));
    let copy = path.with_file_name("copy.db");
    open(&copy).await.unwrap().close().await;
    fixture.queue().enqueue(vec![job(1)]).await.unwrap();
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
    let database = open(&link).await.unwrap();
    database.queue().enqueue(vec![job(1)]).await.unwrap();
    assert!(first.exists() && link.is_symlink());
    fs::remove_file(&link).unwrap();
    fs::write(&second, "").unwrap();
    std::os::unix::fs::symlink(&second, &link).unwrap();
    assert!(matches!(database.queue().ping().await, Err(QueueError::Storage { .. })));
    database.close().await;
}

#[tokio::test]
async fn a_removed_log_loses_nothing_that_was_acknowledged() {
    for ending in ["-wal", "-shm"] {
        let mut fixture = fixture().await;
        fixture.queue().enqueue((0..20).map(job).collect()).await.unwrap();
        fixture.store().record(vec![signal(1).record()]).await.unwrap();
        fs::remove_file(beside(&fixture.path(), ending)).unwrap();
        refuses(&fixture).await;
        assert!(QueueFixture::crash(&mut fixture).await);
        assert_eq!(fixture.queue().depth().await.unwrap().total(), 20, "{ending}");
        assert_eq!(fixture.store().stats().await.unwrap().signals, 1, "{ending}");
        fixture.queue().enqueue(vec![job(21)]).await.unwrap();
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
        let database = open(&path).await.unwrap();
        database.queue().enqueue(vec![job(1)]).await.unwrap();
        let second = open(&path).await.unwrap_err();
        assert!(matches!(second, SqliteOpenError::InUse { .. }), "{name}: {second}");
        database.close().await;
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
        let again = open(&path).await.unwrap();
        assert_eq!(again.queue().depth().await.unwrap().total(), 1, "{name}");
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
