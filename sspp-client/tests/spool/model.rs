//! Under any calls, a spool behaves as a list in memory would, within its limit.

use std::collections::VecDeque;

use proptest::prelude::*;
use sspp_client::spool::{Spool, SpoolError, SpoolFull};

use super::{payload, segments, small};

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<usize>),
    Settle(usize, usize),
    Reopen,
    ReopenWithoutCursor,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(0_usize..1_500, 1..8).prop_map(Step::Append),
        4 => (1_usize..20, 1_usize..6_000).prop_map(|(count, bytes)| Step::Settle(count, bytes)),
        1 => Just(Step::Reopen),
        1 => Just(Step::ReopenWithoutCursor),
    ]
}

proptest! {
    #[test]
    fn it_is_a_bounded_queue(steps in prop::collection::vec(step(), 1..60), drop_oldest in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let when_full = if drop_oldest { SpoolFull::DropOldest } else { SpoolFull::RefuseNewest };
        let open = || Spool::open(small(folder.path()).when_full(when_full)).unwrap();
        let mut spool = open();
        let mut model: VecDeque<Vec<u8>> = VecDeque::new();
        let (mut number, mut dropped) = (0, 0);
        for step in steps {
            match step {
                Step::Append(lengths) => {
                    let payloads: Vec<_> = lengths.iter().map(|length| { number += 1; payload(number, *length) }).collect();
                    match spool.append_all(&payloads) {
                        Ok(()) => model.extend(payloads),
                        Err(SpoolError::Full { .. }) => prop_assert!(!drop_oldest),
                        Err(other) => panic!("{other}"),
                    }
                    let now = spool.stats().dropped;
                    model.drain(..usize::try_from(now - dropped).unwrap());
                    dropped = now;
                }
                Step::Settle(count, bytes) => match spool.peek(count, bytes).unwrap() {
                    None => prop_assert!(model.is_empty()),
                    Some(batch) => {
                        let given = batch.payloads();
                        prop_assert!(given.len() <= count && !given.is_empty());
                        prop_assert!(given.len() == 1 || given.iter().map(Vec::len).sum::<usize>() <= bytes);
                        prop_assert_eq!(given, model.drain(..given.len()).collect::<Vec<_>>());
                        spool.settle(&batch).unwrap();
                        spool.settle(&batch).unwrap();
                    }
                },
                Step::Reopen => {
                    drop(spool);
                    spool = open();
                    dropped = 0;
                    prop_assert_eq!(spool.stats().recovered, model.len() as u64);
                }
                Step::ReopenWithoutCursor => {
                    drop(spool);
                    std::fs::remove_file(folder.path().join("cursor")).unwrap();
                    spool = open();
                    dropped = 0;
                    // What was settled in the oldest file comes again, and nothing is missing.
                    let again = usize::try_from(spool.stats().pending).unwrap() - model.len();
                    for _ in 0..again {
                        let batch = spool.peek(1, 1).unwrap().unwrap();
                        prop_assert!(!model.contains(&batch.payloads()[0]));
                        spool.settle(&batch).unwrap();
                    }
                }
            }
            let stats = spool.stats();
            prop_assert_eq!(stats.pending, model.len() as u64);
            let on_disk: u64 = segments(folder.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
            prop_assert_eq!(stats.bytes, on_disk);
            prop_assert!(on_disk <= sspp_client::spool::SpoolConfig::MIN_BYTES);
            prop_assert_eq!((stats.damaged, stats.torn_bytes), (0, 0));
        }
        prop_assert_eq!(super::drain(&spool), Vec::from(model));
    }
}
