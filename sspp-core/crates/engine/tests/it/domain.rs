//! Laws of the domain types.

use proptest::prelude::*;
use serde_json::{Map, Value};
use sspp_core::*;
use sspp_events::one_line;

fn sort_by() -> impl Strategy<Value = SortBy> {
    prop::sample::select(SortBy::ALL.to_vec())
}

fn order() -> impl Strategy<Value = SortOrder> {
    prop::sample::select(vec![SortOrder::Ascending, SortOrder::Descending])
}

prop_compose! {
    fn accepted()(
        account in "[^\\p{Cc}]{1,40}",
        user in "[^\\p{Cc}]{1,40}",
        event_type in "[^\\p{Cc}]{1,40}",
        micros in 0_i64..=253_402_300_799_999_999,
        received in 0_i64..=253_402_300_799_999_999,
        source in prop::option::of("[^\\p{Cc}]{1,40}"),
        external in prop::option::of("[^\\p{Cc}]{1,40}"),
        members in prop::collection::btree_map("[^\\x00]{0,8}", any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()), 0..5),
        id in any::<u128>(),
    ) -> AcceptedEvent {
        let event = Event {
            account_id: AccountId::new(account).unwrap(),
            user_id: UserId::new(user).unwrap(),
            event_type: EventType::new(event_type).unwrap(),
            timestamp: Timestamp::from_micros(micros).unwrap(),
            metadata: Metadata::from_serialize(&members).unwrap(),
            source: source.map(|text| Source::new(text).unwrap()),
            external_id: external.map(|text| ExternalId::new(text).unwrap()),
        };
        let event_id = format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", id >> 96, id >> 80 & 0xffff, id >> 64 & 0xffff, id >> 48 & 0xffff, id & 0xffff_ffff_ffff).parse().unwrap();
        AcceptedEvent { event_id, received_at: Timestamp::from_micros(received).unwrap(), event }
    }
}

/// JSON of every kind, some of it bad: NUL characters, names that are reserved, nesting on both sides of the limit.
fn json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        8 => "[^\\x00]{0,4}",
        1 => Just("\0".to_owned()),
        1 => Just("$serde_json::private::RawValue".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        name.clone().prop_map(Value::from),
        (25_usize..40).prop_map(|levels| (0..levels).fold(Value::Null, |inner, _| Value::from(vec![inner]))),
    ];
    leaf.prop_recursive(4, 20, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn members_are_judged_and_written_as_their_text_is(members in prop::collection::vec(("[a-c\0]{1,2}", json()), 0..4)) {
        let members: Map<String, Value> = members.into_iter().collect();
        prop_assert_eq!(Metadata::from_members(&members), Metadata::from_serialize(&members));
    }

    /// White space between its parts makes no other event of it, and no second line.
    #[test]
    fn metadata_is_on_one_line_and_means_the_same(members in prop::collection::vec(("[a-c \u{85}\u{2028}\u{2029}\"\\\\]{0,3}", json()), 0..4)) {
        let members: Map<String, Value> = members.into_iter().collect();
        let pretty = serde_json::to_string_pretty(&members).unwrap().replace('\n', "\r\n\t");
        let (dense, loose) = (Metadata::from_members(&members), Metadata::parse(&pretty));
        prop_assert_eq!(&dense, &loose);
        let Ok(metadata) = loose else { return Ok(()) };
        let breaks = |c| matches!(c, '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}');
        prop_assert!(!metadata.as_str().contains(breaks), "{}", metadata.as_str());
        let value = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        prop_assert_eq!(value(metadata.as_str()), value(&pretty));
        prop_assert_eq!(one_line(metadata.as_str()), metadata.as_str());
        let event = |metadata| Event { metadata, ..Event::builder("a", "u", "call_made", "2024-12-21").build().unwrap() };
        let digest = |metadata| ContentDigest::of(&event(metadata));
        prop_assert_eq!(digest(metadata), digest(dense.unwrap()));
    }

    #[test]
    fn any_text_is_put_on_one_line_without_a_panic(text in "[ \"\\\\\\n\u{85}\u{2027}-\u{2029}éa]{0,12}") {
        let line = one_line(&text);
        prop_assert_eq!(one_line(&line), line.as_ref());
    }

    #[test]
    fn an_envelope_comes_back_as_it_was(event in accepted()) {
        let envelope = Envelope { event_id: event.event_id, event: event.event };
        prop_assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
    }

    #[test]
    fn an_event_counts_from_its_time_but_never_from_the_future(event in accepted()) {
        prop_assert!(event.effective_time() <= event.received_at);
        prop_assert!(event.effective_time() <= event.event.timestamp);
    }

    #[test]
    fn a_cursor_comes_back_as_it_was(sort_by in sort_by(), order in order(), value in any::<i64>(), id in any::<i64>()) {
        let cursor = Cursor { sort_by, order, key: CursorKey { value, id: SignalId::new(id) } };
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn a_timestamp_comes_back_as_it_was(micros in 0_i64..=253_402_300_799_999_999) {
        let instant = Timestamp::from_micros(micros).unwrap();
        prop_assert_eq!(Timestamp::parse(&instant.to_string()), Ok(instant));
        let digits = if micros % 1_000 == 0 { chrono::SecondsFormat::Millis } else { chrono::SecondsFormat::Micros };
        prop_assert_eq!(instant.to_string(), instant.to_datetime().to_rfc3339_opts(digits, true));
    }

    #[test]
    fn a_decimal_of_four_places_is_exact_and_a_finer_one_is_refused(units in -1_000_000_000_i64..=1_000_000_000, digit in 1_u8..=9) {
        let text = format!("{}{}.{:04}", if units < 0 { "-" } else { "" }, units.abs() / 10_000, units.abs() % 10_000);
        prop_assert_eq!(Units::from_f64(text.parse().unwrap()), Some(Units::new(units)));
        prop_assert_eq!(Units::from_f64(format!("{text}{digit}").parse().unwrap()), None);
    }

    #[test]
    fn rounding_is_half_up_to_a_hundredth(units in 0_i64..=10_000_000) {
        let rounded = Score::rounded(Units::new(units)).units().get();
        prop_assert_eq!(rounded % 100, 0);
        prop_assert!((-50..50).contains(&(units - rounded)));
    }

    #[test]
    fn a_retry_never_waits_longer_than_its_ceiling(failed in 1_u32..200, seed in any::<u64>()) {
        let policy = RetryPolicy::default();
        let delay = policy.delay(failed, &SeededRandom::new(seed));
        prop_assert!(delay <= policy.ceiling(failed) && policy.ceiling(failed) <= policy.max);
        prop_assert!(policy.ceiling(failed) <= policy.ceiling(failed + 1));
    }
}

#[test]
fn a_producers_id_is_scoped_by_source_and_account() {
    let (one, a) = (ExternalId::new("1").unwrap(), AccountId::new("a").unwrap());
    let crm = Source::new("crm").unwrap();
    let id = EventId::of_external(&one, Some(&crm), &a);
    assert_ne!(id, EventId::of_external(&one, None, &a));
    assert_eq!(id.as_uuid().get_version_num(), 5);
    // A change of this value would count the retries of every producer twice.
    assert_eq!(EventId::of_external(&one, None, &a).to_string(), "12cbea97-2c62-57a4-805b-5434b2b62054");
    let uuid = ExternalId::new("0197D3C5-5C00-7000-8000-000000000001").unwrap();
    assert_eq!(EventId::of_external(&uuid, Some(&crm), &a).to_string(), uuid.as_str().to_lowercase());
    let bare = ExternalId::new("0197d3c55c0070008000000000000001").unwrap();
    assert_eq!(
        EventId::of_external(&bare, None, &a).as_uuid().get_version_num(),
        5,
        "only hyphenated UUIDs are kept"
    );
}

#[test]
fn generated_ids_sort_by_time() {
    let random = SeededRandom::new(3);
    let at = |seconds: i64| chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
    let ids: Vec<EventId> = (0..100).map(|second| EventId::generate(at(second), &random)).collect();
    assert!(ids.is_sorted());
}
