//! kill -9 of the process over SQLite: its file is not opened without its log. (Kills under load are rows of sspp-worker/tests/it/faults.)

use crate::process::{Running, command, refused};

/// The log lies beside the name that the file was opened by: by another name the file would be without its last events.
#[tokio::test]
async fn after_a_kill_the_file_is_not_opened_without_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let http = reqwest::Client::new();
    let body = crate::harness::event("acc_1", "email_opened", "{}");
    let request =
        http.post(format!("{}/api/v1/events", running.base)).header("content-type", "application/json");
    assert_eq!(request.body(body).send().await.unwrap().status(), 202);
    running.kill();
    std::fs::hard_link(folder.path().join("sspp.db"), folder.path().join("linked.db")).unwrap();
    let said = refused(&mut command(folder.path(), &["--port", "0", "--data", "linked.db"]));
    assert!(said.len() == 1 && said[0].contains("sspp.db-wal"), "{said:?}");
    // A copy of both files is whole.
    let copy = folder.path().join("copy.db");
    for ending in ["", "-wal"] {
        let beside = |name: &str| folder.path().join(format!("{name}{ending}"));
        std::fs::copy(beside("sspp.db"), beside("copy.db")).unwrap();
    }
    for data in ["sspp.db", copy.to_str().unwrap()] {
        let running = Running::start(folder.path(), &["--data", data]);
        assert_eq!(running.get("/api/v1/signals/stats").await["total_signals"], 1);
    }
}
