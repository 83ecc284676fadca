//! A file that is renamed in the middle of a transaction: the commit lands, and its callers get an error.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use sspp_core::testing::builders::{model, signal};
use sspp_core::{
    Clock, Models as _, Recorded, Signals as _, SqliteConfig, SqliteStore, StoreError, SystemClock,
};

/// Renames the file when it is asked for the time: the writer asks when its transaction has begun.
#[derive(Debug)]
struct Mover {
    is_due: AtomicBool,
    path: PathBuf,
    away: PathBuf,
}

impl Clock for Mover {
    fn now(&self) -> DateTime<Utc> {
        if self.is_due.swap(false, Ordering::SeqCst) {
            fs::rename(&self.path, &self.away).unwrap();
        }
        SystemClock.now()
    }
}

#[tokio::test]
async fn what_landed_and_was_answered_as_failed_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sspp.db"));
    let clock = Arc::new(Mover {
        is_due: AtomicBool::new(false),
        path: config.path.clone(),
        away: folder.path().join("away.db"),
    });
    let store = SqliteStore::open(config, Arc::<Mover>::clone(&clock)).await.unwrap();
    store.put_model(&model(0)).await.unwrap();
    let batch = || vec![signal(1).record(), signal(2).record()];
    clock.is_due.store(true, Ordering::SeqCst);
    let error = store.receive(batch()).await.unwrap_err();
    assert!(matches!(error, StoreError::Storage { .. }), "{error}");
    fs::rename(&clock.away, &clock.path).unwrap();
    let again = store.receive(batch()).await.unwrap();
    assert!(matches!(again[..], [Recorded::Duplicate(_), Recorded::Duplicate(_)]), "{again:?}");
    assert_eq!(store.stats().await.unwrap().signals, 2);
    let next = store.receive(vec![signal(3).record()]).await.unwrap();
    assert!(matches!(next[..], [Recorded::Signal(_)]), "{next:?}");
    store.close().await;
}
