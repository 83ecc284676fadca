//! The rules of recording, and what a batch adds to the figures, hold for every batch.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use sspp_core::testing::builders::{dead_letter, event_id, signal};
use sspp_core::{ContentDigest, DeadLetterId, NewDeadLetter, Record, Recorded, SignalId};
use sspp_engine::recording::{Figures, Judgement, Known, KnownLetter, KnownSignal, judge};

fn content(user: u8) -> ContentDigest {
    signal(1).user(&format!("user_{user}")).build().content
}

/// A signal or a dead letter of the first event, with one of three contents.
fn records() -> impl Strategy<Value = Record> {
    let letters = (prop::option::of(0_u8..3), 0_u8..3).prop_map(|(user, payload)| {
        let payload = format!("payload {payload}").into();
        Record::DeadLetter(NewDeadLetter { content: user.map(content), payload, ..dead_letter(1) })
    });
    prop_oneof![(0_u8..3).prop_map(|user| signal(1).user(&format!("user_{user}")).record()), letters]
}

#[derive(Debug, Clone)]
struct Stored {
    signal: Option<KnownSignal>,
    letter: Option<KnownLetter>,
    erased: bool,
}

fn stored() -> impl Strategy<Value = Stored> {
    let letters = (prop::option::of(0_u8..3), 0_u8..3).prop_map(|(user, payload)| KnownLetter {
        content: user.map(content),
        payload: format!("payload {payload}").into(),
    });
    let signals = (0_u8..3).prop_map(|user| KnownSignal { id: SignalId::new(7), content: content(user) });
    (prop::option::of(signals), prop::option::of(letters), any::<bool>())
        .prop_map(|(signal, letter, erased)| Stored { signal, letter, erased })
}

proptest! {
    /// Other content never takes the place of content that came first; the same content changes nothing; nothing of what
    /// was erased is kept.
    #[test]
    fn an_id_belongs_to_the_content_that_came_first(record in records(), stored in stored()) {
        let Stored { signal: first, letter, erased } = stored;
        let known = Known { signal: first, letter: letter.as_ref(), erased };
        let own = match &record {
            Record::Signal { signal, .. } => Some(signal.content),
            Record::DeadLetter(letter) => letter.content,
        };
        match judge(&record, &known) {
            Judgement::Signal(new) => {
                let is_signal = matches!(record, Record::Signal { .. });
                prop_assert!(is_signal && first.is_none() && !erased);
                prop_assert!(letter.and_then(|letter| letter.content).is_none_or(|content| content == new.content));
            }
            Judgement::Letter(kept, answer) => {
                prop_assert!(!erased);
                match answer {
                    Recorded::DeadLetter(id) => {
                        prop_assert_eq!(Record::DeadLetter(*kept), record);
                        prop_assert!(first.is_none() && letter.is_none() && id == DeadLetterId::of_event(event_id(1)));
                    }
                    Recorded::Conflict(id) => {
                        prop_assert!(first.is_some() || letter.is_some());
                        prop_assert!(id == kept.id && id != DeadLetterId::of_event(event_id(1)));
                        prop_assert!(own.is_none() || kept.content == own);
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            Judgement::Nothing(Recorded::Erased) => prop_assert!(erased),
            Judgement::Nothing(Recorded::Duplicate(id)) => {
                let first = first.unwrap();
                prop_assert!(id == first.id && own.is_none_or(|own| own == first.content));
            }
            Judgement::Nothing(Recorded::DeadLetter(_)) => prop_assert!(letter.is_some()),
            Judgement::Nothing(other) => prop_assert!(false, "{:?}", other),
        }
    }

    /// What is added and removed again leaves nothing; what stays is the sum of what was added.
    #[test]
    fn figures_are_the_sum_of_what_stays(
        signals in prop::collection::vec((0_u8..4, 0_u8..4, 0_i64..1_000, any::<bool>()), 0..40),
    ) {
        let signals: Vec<_> = signals.into_iter().map(|(account, user, score, stays)| {
            let built = signal(1).account(&format!("acc_{account}")).user(&format!("user_{user}")).score(score);
            (built.build(), stays)
        }).collect();
        let (mut figures, gone) = (Figures::default(), signals.iter().filter(|(_, stays)| !stays));
        let gone = Figures::without_signals(gone.map(|(signal, _)| signal));
        let (mut accounts, mut users, mut score) = (HashMap::new(), HashMap::new(), 0);
        for (signal, stays) in &signals {
            let event = &signal.accepted.event;
            let by = i64::from(*stays);
            *accounts.entry(event.account_id.to_string()).or_insert(0) += by;
            *users.entry(event.user_id.to_string()).or_insert(0) += by;
            score += by * signal.score.units().get();
            figures.add(signal);
        }
        let left = |all: &BTreeMap<&str, i64>, gone: &BTreeMap<&str, i64>| -> HashMap<String, i64> {
            all.iter().map(|(name, count)| ((*name).to_owned(), count + gone.get(name).unwrap_or(&0))).collect()
        };
        prop_assert_eq!(left(&figures.accounts, &gone.accounts), accounts);
        prop_assert_eq!(left(&figures.users, &gone.users), users);
        let sum = |figures: &Figures<'_>| figures.types.values().map(|(_, score)| score).sum::<i64>();
        prop_assert_eq!(sum(&figures) + sum(&gone), score);
        prop_assert!(gone.shrinks && !figures.shrinks);
    }
}
