//! Events that are at fault themselves, among many that are not.

use std::sync::Arc;

use sqlx::Executor as _;
use sspp_core::{Admission, NewJob, RedisConfig, RedisEventQueue};

use super::row;

const BATCH: [(&str, &str); 1] = [("SSPP_BATCH_SIZE", "500")];

/// An event kills every process that scores it, in a batch of 500.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_kills() {
    row("an event in a batch of 500 kills every process that scores it", async |stage| {
        stage.more(300).await;
        stage.post_doomed("acc_killer", "crash_loop").await;
        stage.more(300).await;
        stage.stop_load().await;
        let killer = [BATCH[0], ("SSPP_FAILPOINTS", "score=abort:acc_killer")];
        let mut deaths = 0;
        loop {
            let worker = stage.worker_with(&killer);
            let states = ["waiting", "active", "delayed"];
            stage
                .until("the worker dies, or has drained the queue", async || {
                    worker.died() || stage.queued(&states).await == 0
                })
                .await;
            if !worker.died() {
                // Once among others, then alone.
                assert_eq!(deaths, 4);
                return vec![worker];
            }
            deaths += 1;
        }
    })
    .await;
}

/// PostgreSQL refuses one row of 500.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_row_in_500() {
    row("PostgreSQL refuses one row of 500", async |stage| {
        let refuse = "ALTER TABLE signals ADD CHECK (account_id <> 'acc_bad')";
        stage.database().await.execute(sqlx::raw_sql(refuse)).await.unwrap();
        stage.more(300).await;
        stage.post_doomed("acc_bad", "rejected").await;
        stage.more(300).await;
        vec![stage.worker_with(&BATCH)]
    })
    .await;
}

/// An envelope of a later release waits for a worker that can read it: it becomes no dead letter and delays no other event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envelope_of_a_later_release() {
    row("an envelope of an unknown version among others", async |stage| {
        let config =
            RedisConfig { name: "sspp:events".to_owned(), ..RedisConfig::new(stage.servers.redis_url()) };
        let queue: Arc<RedisEventQueue> = RedisEventQueue::open(config).await.unwrap();
        let event_id = "00000000-0000-4000-8000-000000000001".parse().unwrap();
        let payload = r#"{"v":99,"what":"a later release knows"}"#;
        let later = NewJob::new(event_id, "acc_1".parse().unwrap(), payload);
        stage.more(100).await;
        assert_eq!(queue.port().enqueue(vec![later.clone()]).await.unwrap(), [Admission::Queued]);
        let worker = stage.worker();
        stage.until("the envelope waits", async || stage.queued(&["delayed"]).await == 1).await;
        stage.stays_delayed(1);
        stage.more(100).await;
        stage.stop_load().await;
        stage.drained().await;
        let kept = queue.port().job(later.event_id).await.unwrap().unwrap();
        assert_eq!((kept.payload, kept.attempts), (later.payload, 0));
        vec![worker]
    })
    .await;
}
