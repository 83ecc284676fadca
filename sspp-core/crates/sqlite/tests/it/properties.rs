//! Any sequence of records leaves figures that equal a count of the rows.

use proptest::prelude::*;
use sspp_core::testing::builders::{dead_letter, signal};
use sspp_core::testing::contract::StoreFixture as _;
use sspp_core::{Record, SignalQuery};

use super::fixture::fixture;

fn any_record() -> impl Strategy<Value = Record> {
    let content = (0_u64..30, 0..3, 0..3, 0_i64..4);
    prop_oneof![
        8 => content.prop_map(|(number, account, user, score)| signal(number)
            .account(&format!("acc {account} \"\\\u{1f600}'"))
            .user(&format!("\u{e9}\u{2028}{user}"))
            .score(score * 2_500)
            .record()),
        2 => (0_u64..30).prop_map(|number| Record::DeadLetter(dead_letter(number))),
        // Refused by the store: its whole batch must leave no trace.
        1 => (0_u64..30).prop_map(|number| signal(number).score(20_000_000).record()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn statistics_equal_a_recount(
        batches in prop::collection::vec(prop::collection::vec(any_record(), 1..12), 1..12),
        crash_after in 0_usize..12,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async move {
            let mut fixture = fixture().await;
            for (at, batch) in batches.into_iter().enumerate() {
                if at == crash_after {
                    fixture.crash().await;
                }
                let _ = fixture.store().record(batch).await;
            }
            let stats = fixture.store().stats().await.unwrap();
            let query = SignalQuery { limit: 1_000, ..SignalQuery::default() };
            let rows = fixture.store().signals(&query).await.unwrap().items;
            let distinct = |of: fn(&sspp_core::Event) -> String| {
                let names = rows.iter().map(|row| of(&row.recorded.accepted.event));
                names.collect::<std::collections::BTreeSet<_>>().len() as u64
            };
            assert_eq!(stats.signals, rows.len() as u64);
            assert_eq!(stats.accounts, distinct(|event| event.account_id.to_string()));
            assert_eq!(stats.users, distinct(|event| event.user_id.to_string()));
            assert_eq!(stats.score_units, rows.iter().map(|row| row.recorded.score.units().get()).sum::<i64>());
            let letters = fixture.store().recent_dead_letters(1_000).await.unwrap();
            assert_eq!(stats.dead_letters, letters.len() as u64);
        });
    }
}
