//! What an event says, and what is wrong with it.

use super::*;

fn now() -> Timestamp {
    Timestamp::parse("2026-01-15T10:00:00Z").unwrap()
}

#[test]
fn an_event_says_what_it_was_given() {
    let event = SalesEvent::email_clicked("acc", "user").with("a", 1).with("a", 2).with("b", "x");
    let event = event.source("crm").into_event(now()).unwrap();
    assert_eq!(event.metadata.as_str(), r#"{"a":2,"b":"x"}"#);
    assert_eq!((event.timestamp, event.event_type), (now(), EventType::EMAIL_CLICKED));
    let violations = SalesEvent::new("", "", "u").at("later").into_event(now()).unwrap_err();
    assert_eq!(violations.iter().count(), 3);
}

#[test]
fn an_id_of_its_own_needs_a_time() {
    let wrong = SalesEvent::call_made("", "u").id("7").into_event(now()).unwrap_err();
    let pointers: Vec<_> = wrong.iter().map(|wrong| wrong.pointer.as_str()).collect();
    assert_eq!(pointers, ["/accountId", "/timestamp"]);
    let wrong = SalesEvent::call_made("a", "u").id("7").into_event(now()).unwrap_err();
    assert!(wrong.to_string().contains("call at()"), "{wrong}");
}

#[test]
fn a_checked_event_is_kept_byte_for_byte() {
    let event = Event::builder("a", "u", "call_made", "2026-01-01T00:00:00.000001Z")
        .metadata(r#"{"n" : 1.50}"#)
        .build()
        .unwrap();
    assert_eq!(SalesEvent::from(event.clone()).into_event(now()), Ok(event.clone()));
    let more = SalesEvent::from(event).with("m", true).into_event(now()).unwrap();
    assert_eq!(more.metadata.as_str(), r#"{"n":1.50,"m":true}"#);
}

#[test]
fn metadata_is_any_value_that_is_an_object() {
    let said = |value: &dyn Fn(SalesEvent) -> SalesEvent| {
        let event = value(SalesEvent::call_made("a", "u")).into_event(now());
        event.map(|event| event.metadata.as_str().to_owned()).map_err(|wrong| wrong.to_string())
    };
    // More digits than any number of JSON's usual types has.
    let large = std::collections::BTreeMap::from([("x", u128::MAX), ("y", 1)]);
    let whole = format!(r#"{{"x":{},"y":1}}"#, u128::MAX);
    assert_eq!(said(&|event| event.metadata(&large)), Ok(whole.clone()));
    assert_eq!(said(&|event| event.with("gone", 1).metadata(&large)), Ok(whole.clone()));
    assert_eq!(
        said(&|event| event.metadata(&large).with("z", 2).with("y", 3)),
        Ok(whole.replace(":1}", r#":3,"z":2}"#))
    );
    assert_eq!(
        said(&|event| event.metadata(&large).with("z", 2).without("y").without("none")),
        Ok(whole.replace(r#","y":1}"#, r#","z":2}"#))
    );
    assert_eq!(
        said(&|event| event.with("x", 1).with("y", 2).with("z", 3).without("x")),
        Ok(r#"{"y":2,"z":3}"#.into())
    );
    // serde_json has no other way to write it.
    let no_number = std::collections::BTreeMap::from([("x", f64::NAN)]);
    assert_eq!(
        said(&|event| event.metadata(&no_number).with("y", f64::INFINITY)),
        Ok(r#"{"x":null,"y":null}"#.into())
    );
    for (wrong, reason) in [
        (said(&|event| event.metadata(&7)), "must be an object"),
        (said(&|event| event.metadata("text")), "must be an object"),
        (said(&|event| event.metadata(&())), "must be an object"),
        (
            said(&|event| event.metadata(&std::collections::BTreeMap::from([((1, 2), 3)]))),
            "key must be a string",
        ),
        (said(&|event| event.metadata(&large).with("z", "\0")), "NUL"),
        (said(&|event| event.metadata(&7).with("z", 1)), "must be an object"),
    ] {
        assert!(wrong.as_ref().is_err_and(|wrong| wrong.contains(reason)), "{wrong:?}");
    }
}

#[test]
fn what_an_event_says_can_be_read_back() {
    let event = SalesEvent::new("t", "a", "u").at(now()).source("s").id("7").with("m", 1).with("n", "x");
    let read = |event: &SalesEvent| {
        let mut again = SalesEvent::new(event.get_event_type(), event.get_account(), event.get_user());
        again =
            again.at(event.get_at().unwrap()).source(event.get_source().unwrap()).id(event.get_id().unwrap());
        again.metadata(&event.get_metadata().unwrap())
    };
    let checked = event.clone().into_event(now()).unwrap();
    assert_eq!(read(&event).into_event(now()).unwrap(), checked);
    assert_eq!(read(&SalesEvent::from(checked.clone())), SalesEvent::from(checked));
    assert_eq!((event.get("m"), event.get("n"), event.get("o")), (Some(1.into()), Some("x".into()), None));
    assert_eq!(read(&event).get("m"), Some(1.into()));
    let bare = SalesEvent::new("t", "a", "u").at("later");
    assert_eq!((bare.get_at(), bare.get_id()), (Some(Err(TimestampFault::Malformed)), None));
    assert_eq!(bare.get_metadata().unwrap().as_str(), "{}");
}
