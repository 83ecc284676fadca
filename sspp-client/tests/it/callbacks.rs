//! Callbacks have run when `close` returns, and are released then.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use sspp_client::{Client, DropReason, Error, MemoryEmitter, SignalEmitter as _, TransportError, Violation};

use crate::server::{Reply, Server, no_server};
use crate::{Calls, LONG, event, quick, run};

#[test]
fn close_waits_until_all_that_it_gave_up_is_told() {
    let (calls, report) = {
        let calls = Arc::new(AtomicUsize::new(0));
        let told = Arc::clone(&calls);
        let client = quick(&format!("http://{}", no_server()))
            .on_dropped(move |_| {
                // As one that writes to a file.
                std::thread::yield_now();
                told.fetch_add(1, Ordering::Relaxed);
            })
            .build()
            .unwrap();
        for number in 0..5_000 {
            client.emit(event(number)).unwrap();
        }
        let report = run(client.close(Duration::from_millis(100)));
        (calls.load(Ordering::Relaxed) as u64, report)
    };
    assert_eq!((calls, report.stats.dropped(), report.stats.callbacks_missed), (5_000, 5_000, 0));
    assert!(!report.is_clean());
}

#[test]
fn what_does_not_run_in_time_is_counted_in_the_report() {
    let gate = Arc::new(Barrier::new(2));
    let closed = Arc::clone(&gate);
    let client = quick("http://127.0.0.1:9").flush_interval(LONG).on_dropped(move |_| {
        closed.wait();
    });
    let client = client.build().unwrap();
    for number in 0..3 {
        client.emit(event(number)).unwrap();
    }
    let report = run(client.close(Duration::ZERO));
    assert_eq!((report.stats.dropped(), report.stats.callbacks_missed), (3, 2));
    gate.wait();
}

#[test]
fn callbacks_that_hold_the_client_are_let_go_of() {
    let slot: Calls<Client> = Calls::default();
    let holds = Arc::clone(&slot);
    let client = quick("http://127.0.0.1:9").on_dropped(move |_| assert!(!holds.lock().unwrap().is_empty()));
    let client = client.build().unwrap();
    slot.lock().unwrap().push(client.clone());
    run(client.close(LONG));
    assert_eq!(Arc::strong_count(&slot), 1, "only the test has it");
}

#[test]
fn events_of_send_are_not_told() {
    let server = Server::start(|_, number| if number == 0 { Reply::Judge } else { Reply::Status(403, "") });
    let told = Arc::new(AtomicUsize::new(0));
    let (rejected, dropped) = (Arc::clone(&told), Arc::clone(&told));
    let client = quick(&server.url)
        .on_rejected(move |_| rejected.store(1, Ordering::Relaxed))
        .on_dropped(move |_| dropped.store(1, Ordering::Relaxed))
        .build()
        .unwrap();
    run(client.send([event(1).with("bad", true)])).unwrap();
    run(client.send([event(2)])).unwrap();
    let stats = run(client.close(LONG)).stats;
    assert_eq!((stats.rejected, stats.dropped_by(DropReason::Refused)), (1, 1));
    assert_eq!(told.load(Ordering::Relaxed), 0);
}

#[test]
fn an_emitter_in_memory_has_called_before_flush_and_close_return() {
    let calls: Calls<&str> = Calls::default();
    let (rejected, dropped) = (Arc::clone(&calls), Arc::clone(&calls));
    let memory = MemoryEmitter::builder()
        .on_rejected(move |_| rejected.lock().unwrap().push("rejected"))
        .on_dropped(move |_| dropped.lock().unwrap().push("dropped"))
        .build()
        .unwrap();
    memory.reject(|_| Some(Violation::of_member("eventId", "no", "is no")));
    memory.emit(event(1)).unwrap();
    run(memory.flush(LONG)).unwrap();
    assert_eq!(*calls.lock().unwrap(), ["rejected"]);
    memory.fail(Error::Transport(TransportError::timeout()));
    memory.emit(event(1)).unwrap();
    let report = run(memory.close(LONG));
    assert_eq!(*calls.lock().unwrap(), ["rejected", "dropped"]);
    assert!(!report.is_clean());
}

#[test]
fn a_judge_that_panics_leaves_the_figures_whole_and_sees_only_what_arrives() {
    let memory = MemoryEmitter::builder().queue_bytes(1_024).build().unwrap();
    memory.reject(|_| -> Option<Violation> { panic!("as the test wants it") });
    let emit = |event| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| memory.emit(event)))
            .map(|emitted| emitted.is_ok())
    };
    assert!(emit(event(1)).is_err());
    assert_eq!(memory.stats(), sspp_client::Stats::default());
    assert!(emit(event(1).with("blob", "x".repeat(2_000))).unwrap(), "it is not judged");
    let sent =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(memory.send(vec![event(1)])).is_ok()));
    let stats = memory.stats();
    assert_eq!((sent.is_err(), stats.emitted, stats.dropped(), stats.depth), (true, 2, 2, 0));
}
