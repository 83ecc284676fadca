//! Several threads append while one delivers.

use std::sync::Barrier;

use super::open;

const THREADS: usize = 4;
const EACH: usize = 500;

#[test]
fn each_payload_comes_once_and_in_its_threads_order() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    let start = Barrier::new(THREADS + 1);
    let mut seen = vec![Vec::new(); THREADS];
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (spool, start) = (spool.clone(), &start);
            scope.spawn(move || {
                start.wait();
                for number in 0..EACH {
                    let text = format!("{thread} {number}");
                    // Full until the other side has settled some.
                    while spool.append(text.as_bytes()).is_err() {
                        std::thread::yield_now();
                    }
                }
            });
        }
        start.wait();
        while seen.iter().map(Vec::len).sum::<usize>() < THREADS * EACH {
            let Some(batch) = spool.peek(10, 10_000).unwrap() else { continue };
            for payload in batch.payloads() {
                let (thread, number) = std::str::from_utf8(payload).unwrap().split_once(' ').unwrap();
                seen[thread.parse::<usize>().unwrap()].push(number.parse::<usize>().unwrap());
            }
            spool.settle(&batch).unwrap();
        }
    });
    assert!(seen.iter().all(|numbers| numbers.iter().copied().eq(0..EACH)), "{seen:?}");
    assert!(spool.peek(1, 1).unwrap().is_none());
    assert_eq!(spool.stats().pending, 0);
}
