//! A file that is renamed in the middle of a transaction: the commit lands, and its callers get an error.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sspp_core::testing::builders::job;
use sspp_core::{Clock, ManualClock, QueueError, SqliteConfig, SqliteDatabase};

const NOW: Duration = Duration::ZERO;

/// Renames the file when it is asked for the time: the writer asks when its transaction has begun.
#[derive(Debug)]
struct Mover {
    time: ManualClock,
    /// Which question from now on, counted from 1; 0 is none.
    at: AtomicU32,
    path: PathBuf,
    away: PathBuf,
}

impl Mover {
    fn put_back(&self) {
        fs::rename(&self.away, &self.path).unwrap();
    }
}

impl Clock for Mover {
    fn now(&self) -> DateTime<Utc> {
        let before = self.at.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |at| at.checked_sub(1));
        if before == Ok(1) {
            fs::rename(&self.path, &self.away).unwrap();
        }
        self.time.now()
    }
}

#[tokio::test]
async fn what_landed_and_was_answered_as_failed_is_neither_stuck_nor_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("sspp.db"));
    let clock = Arc::new(Mover {
        time: ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()),
        at: AtomicU32::new(0),
        path: config.path.clone(),
        away: folder.path().join("away.db"),
    });
    let bound = config.claim_bound;
    let database = SqliteDatabase::open(config, Arc::<Mover>::clone(&clock)).await.unwrap();
    let queue = database.queue();
    queue.enqueue((0..4).map(job).collect()).await.unwrap();

    // The queue asks once before it asks the writer.
    clock.at.store(2, Ordering::SeqCst);
    let error = queue.receive(2, NOW).await.unwrap_err();
    assert!(matches!(error, QueueError::Storage { .. }), "{error}");
    clock.put_back();
    let mut taken = queue.receive(4, NOW).await.unwrap();
    assert_eq!((taken.len(), queue.depth().await.unwrap().active), (2, 4));

    let done = taken.remove(1).done();
    for settlement in [taken.remove(0).retry(NOW), done] {
        clock.at.store(1, Ordering::SeqCst);
        queue.settle(vec![settlement.clone()]).await.unwrap_err();
        clock.put_back();
        queue.settle(vec![settlement]).await.unwrap();
    }
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.waiting, depth.active, depth.delayed), (1, 2, 0));
    assert_eq!(queue.receive(4, NOW).await.unwrap()[0].attempts, 1);

    clock.time.advance(TimeDelta::from_std(bound).unwrap() + TimeDelta::seconds(1));
    assert_eq!(queue.reclaim(4).await.unwrap().len(), 3);
    drop(queue);
    database.close().await;
}
