//! A file that is renamed: in the middle of a transaction, whose commit lands and whose callers get an error, and while the writer is
//! idle.
#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sspp_core::testing::builders::{model, signal};
use sspp_core::{
    Clock, Models as _, Recorded, Signals as _, SqliteConfig, SqliteStore, StoreError, SystemClock,
};
use tokio::sync::mpsc;
use tracing::span;

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

/// Sends on what is logged.
struct Logged(mpsc::UnboundedSender<String>);

impl tracing::Subscriber for Logged {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut |_: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            write!(line, " {value:?}").unwrap();
        });
        drop(self.0.send(line));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Indexes have no callers; the next caller gets its error, and that is logged too.
#[tokio::test]
async fn indexes_that_cannot_be_brought_up_are_logged_without_callers() {
    let (sender, mut logged) = mpsc::unbounded_channel();
    let _logs = tracing::subscriber::set_default(Logged(sender));
    let mut next = async || loop {
        let line = tokio::time::timeout(Duration::from_secs(20), logged.recv()).await.unwrap().unwrap();
        // That the file is missing is logged by itself.
        if !line.contains("the data file or its log was moved, removed or replaced: nothing") {
            return line;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sspp.db"));
    let (path, away) = (config.path.clone(), folder.path().join("away.db"));
    let store = SqliteStore::open(config, Arc::new(SystemClock)).await.unwrap();
    store.put_model(&model(0)).await.unwrap();
    store.receive((0..100).map(|number| signal(number).record()).collect()).await.unwrap();
    fs::rename(&path, &away).unwrap();
    let line = next().await;
    assert!(line.starts_with("WARN") && line.contains("index") && !line.contains("callers"), "{line}");
    store.receive(vec![signal(100).record()]).await.unwrap_err();
    let line = next().await;
    assert!(line.starts_with("ERROR") && line.contains("callers"), "{line}");
    fs::rename(&away, &path).unwrap();
    store.receive(vec![signal(100).record()]).await.unwrap();
    store.close().await;
}
