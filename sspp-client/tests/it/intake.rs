//! What happens to events before they are sent: `before_send`, the default source, the off switch, times.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sspp_client::{AccountId, DropReason, Error, EventId, ExternalId, SalesEvent, Source, Verdict};

use crate::server::{Reply, Server};
use crate::{LONG, event, quick, run};

#[test]
fn before_send_edits_and_drops_what_goes_over_the_wire() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url)
        .source("crm")
        .before_send(|event| {
            // One that is made again gets the default source as any other.
            let anew = SalesEvent::new(event.get_event_type(), event.get_account(), event.get_user());
            (event.get_account() != "acc_1").then(|| anew.with("from", "here"))
        })
        .build()
        .unwrap();
    client.emit(event(0)).unwrap();
    let id = client.emit(event(1).at("2026-01-15").id("own")).unwrap();
    run(client.flush(LONG)).unwrap();
    let outcomes = run(client.send([event(1).at("2026-01-15").id("own"), event(2)])).unwrap();
    assert!(matches!(outcomes[0].verdict, Verdict::Dropped { reason: DropReason::BeforeSend }));
    assert_eq!(outcomes[0].event_id, id, "the id that it would have had");
    let (own, source) = (ExternalId::new("own").unwrap(), Source::new("crm").unwrap());
    assert_eq!(id, EventId::of_external(&own, Some(&source), &AccountId::new("acc_1").unwrap()));
    let sent: Vec<_> = server
        .requests()
        .iter()
        .flat_map(|request| request.events().into_iter().cloned().collect::<Vec<_>>())
        .collect();
    let said = |event: &serde_json::Value| {
        (event["accountId"].clone(), event["source"].clone(), event["metadata"].clone())
    };
    let expected = |account: &str| (account.into(), "crm".into(), serde_json::json!({"from": "here"}));
    assert_eq!(sent.iter().map(said).collect::<Vec<_>>(), [expected("acc_0"), expected("acc_2")]);
    let stats = client.stats();
    assert_eq!((stats.emitted, stats.accepted, stats.dropped_by(DropReason::BeforeSend)), (4, 2, 2));
}

#[test]
fn a_panic_in_before_send_drops_its_event_and_no_other() {
    let server = Server::start(|_, _| Reply::Judge);
    let calls = AtomicUsize::new(0);
    let client = quick(&server.url)
        .before_send(move |event| {
            assert!(calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(2), "as the test wants it");
            Some(event)
        })
        .build()
        .unwrap();
    for number in 0..4 {
        client.emit(event(number)).unwrap();
    }
    run(client.flush(LONG)).unwrap();
    let outcomes = run(client.send((0..4).map(event))).unwrap();
    assert!(outcomes[0].is_accepted() && matches!(outcomes[1].verdict, Verdict::Dropped { .. }));
    let stats = client.stats();
    assert_eq!((stats.emitted, stats.accepted, stats.dropped(), stats.depth), (8, 4, 4, 0));
}

/// What it makes of an event is checked like any other.
#[test]
fn what_before_send_breaks_is_refused() {
    let client =
        quick("http://127.0.0.1:9").before_send(|event| Some(event.at("never").source(""))).build().unwrap();
    let Err(Error::Invalid(wrong)) = client.emit(event(0)) else { panic!("it is not valid") };
    assert_eq!(
        wrong.iter().map(|wrong| wrong.pointer.as_str()).collect::<Vec<_>>(),
        ["/timestamp", "/source"]
    );
}

#[test]
fn a_disabled_client_checks_events_and_sends_and_reads_nothing() {
    let server = Server::start(|_, _| Reply::Judge);
    for builder in [quick(&server.url).disabled(true), quick(&server.url).api_key(" \t")] {
        let client = builder.build().unwrap();
        client.emit(event(0)).unwrap();
        assert!(matches!(client.emit(SalesEvent::call_made("", "ada")), Err(Error::Invalid(_))));
        let outcomes = run(client.send([event(1), SalesEvent::call_made("", "ada")])).unwrap();
        assert!(matches!(outcomes[0].verdict, Verdict::Dropped { reason: DropReason::Disabled }));
        assert!(matches!(outcomes[1].verdict, Verdict::Rejected { .. }));
        run(client.flush(Duration::ZERO)).unwrap();
        let read = run(client.job_stats());
        assert!(matches!(&read, Err(error @ Error::Disabled) if !error.is_retryable()), "{read:?}");
        let report = run(client.close(LONG));
        let stats = report.stats;
        assert!(!report.is_clean() && report.undelivered.is_empty(), "two were not valid");
        assert_eq!((stats.emitted, stats.rejected, stats.dropped_by(DropReason::Disabled)), (4, 2, 2));
        assert!(matches!(client.emit(event(2)), Err(Error::Closed)));
    }
    assert!(server.requests().is_empty());
}

/// Counts warnings that name the off switch.
#[derive(Debug, Default)]
struct Warnings(AtomicUsize);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut |_: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            let named = format!("{value:?}").contains("the client is disabled");
            self.0.fetch_add(usize::from(named), Ordering::Relaxed);
        });
    }
}

#[test]
fn a_disabled_client_says_so_once() {
    let warnings = std::sync::Arc::new(Warnings::default());
    tracing::subscriber::with_default(std::sync::Arc::clone(&warnings), || {
        let client = quick("http://127.0.0.1:9").api_key("").build().unwrap();
        for number in 0..3 {
            client.emit(event(number)).unwrap();
        }
    });
    assert_eq!(warnings.0.load(Ordering::Relaxed), 1);
}

#[cfg(feature = "spool")]
#[test]
fn a_disabled_client_leaves_the_spool_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = || sspp_client::spool::SpoolConfig::new(folder.path().join("spool"));
    let client = quick("http://127.0.0.1:9").spool(config()).disabled(true).build().unwrap();
    client.emit(event(0)).unwrap();
    assert!(!folder.path().join("spool").exists());
    // Nor does it keep another from using it.
    let other = quick("http://127.0.0.1:9").spool(config()).build().unwrap();
    other.emit(event(0)).unwrap();
    assert_eq!((client.stats().depth, other.stats().depth), (0, 1));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "programs ask these clocks")]
fn times_are_types_and_none_fails_that_the_server_takes() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).build().unwrap();
    let instant = UNIX_EPOCH + Duration::from_millis(1_768_471_200_123);
    let chrono = chrono::DateTime::<chrono::Utc>::from(instant);
    let text = "2026-01-15T10:00:00.123Z";
    let events = [
        event(0).at(instant),
        event(1).at(chrono),
        event(2).at(chrono.with_timezone(&chrono::FixedOffset::east_opt(3_600).unwrap())),
        event(3).at(text),
        event(4).at(text.parse::<sspp_client::Timestamp>().unwrap()),
        event(5).at(sspp_client::Timestamp::parse(text)),
    ];
    assert!(run(client.send(events)).unwrap().iter().all(sspp_client::Outcome::is_accepted));
    for event in server.requests()[0].events() {
        assert_eq!(event["timestamp"], text);
    }
    client.emit(event(6).at(chrono::Utc::now())).unwrap();
    client.emit(event(7).at(SystemTime::now())).unwrap();
    let early = client.emit(event(8).at(UNIX_EPOCH - Duration::from_secs(1))).unwrap_err();
    assert!(early.to_string().contains("timestamp must not be before 1970"), "{early}");
    let text = client.emit(event(8).at("tomorrow")).unwrap_err();
    assert!(text.to_string().contains("timestamp must be a valid ISO 8601 date string"), "{text}");
}

#[cfg(feature = "blocking")]
#[test]
fn a_blocking_client_has_the_same_builder() {
    use sspp_client::blocking;
    let server = Server::start(|_, _| Reply::Judge);
    let client = blocking::Client::builder(&server.url).source("crm").build().unwrap();
    assert!(client.send([event(0)]).unwrap()[0].is_accepted());
    assert_eq!(server.requests()[0].events()[0]["source"], "crm");
    assert!(quick(&server.url).blocking().build().unwrap().send([event(0)]).unwrap()[0].is_accepted());
    assert_eq!(blocking::Client::builder("nonsense").build().unwrap_err().faults().len(), 1);
    assert!(blocking::Client::from_env().disabled(true).build().unwrap().emit(event(0)).is_ok());
}
