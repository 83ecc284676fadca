//! Every operation of the API has a method, and each method is asked of a real service.

use std::time::Duration;

use sspp_client::{
    AccountId, Client, DeadLetterEdit, DeadLetterId, DeadLetterQuery, DeadLetterReason, ErasureKind, Error,
    EventId, EventType, ExternalId, HealthStatus, JobState, PreviewStatus, ReplayStatus, SalesEvent, Settled,
    SignalId, SignalQuery, SortBy, SortOrder, Source, StepKind, Timestamp, UserId, Validation, Verdict,
};

use crate::platform::Platform;
use crate::{LONG, quick, run};

/// A program with many threads may read in any of them.
#[test]
fn reads_may_go_from_thread_to_thread() {
    fn sent<T: Send>(_: &T) {}
    let client = quick("http://127.0.0.1:9").build().unwrap();
    let (query, letters) = (SignalQuery::default(), DeadLetterQuery::default());
    let mut pages = client.signals(&query);
    sent(&pages.next_page());
    sent(&client.signals(&query).collect());
    sent(&client.export_signals(&query));
    sent(&client.wait_for_signal(unknown(), LONG));
    sent(&client.replay_all_dead_letters(&letters).finish());
    sent(&client.preview([SalesEvent::call_made("a", "u")]));
    sent(&client.validate([SalesEvent::call_made("a", "u")]));
    sent(&client.health());
}

fn unknown() -> EventId {
    "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap()
}

/// Sends an event, and waits for its signal.
async fn signal(client: &Client, event: SalesEvent) -> sspp_client::Signal {
    let outcomes = client.send([event]).await.unwrap();
    client.wait_for_signal(outcomes[0].event_id, LONG).await.unwrap().signal().unwrap()
}

#[test]
fn an_event_is_followed_to_its_signal_under_one_id() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let event =
            SalesEvent::email_clicked("acc 1/ü", "ada").at("2026-01-15").id("click/7 ü").source("crm");
        let signal = signal(&client, event.with("responseTimeHours", 2)).await;
        assert_eq!((signal.account_id.as_str(), signal.signal_score), ("acc 1/ü", 0.7));
        assert_eq!(client.signal(signal.id).await.unwrap().as_ref(), Some(&signal));

        let found = client.event(signal.event_id).await.unwrap().unwrap();
        assert_eq!((found.event_id, &found.state), (signal.event_id, &JobState::Completed));
        assert_eq!(found.signal.as_ref(), Some(&signal));
        let content = found.event.as_ref().unwrap();
        assert_eq!(content.source.as_ref().map(Source::as_str), Some("crm"));
        assert_eq!((content.timestamp, &content.metadata), (signal.timestamp, &signal.metadata));
        let own = ExternalId::new("click/7 ü").unwrap();
        let by_own = client.event_by_external_id(&own, &signal.account_id, signal.source.as_ref()).await;
        assert_eq!(by_own.unwrap().as_ref(), Some(&found));
        assert_eq!(client.event_by_external_id(&own, &signal.account_id, None).await.unwrap(), None);

        let job = client.job(signal.event_id).await.unwrap().unwrap();
        assert_eq!((job.id, &job.state), (signal.event_id, &JobState::Completed));
        assert_eq!(job.signal.unwrap().id, signal.id);
        assert_eq!(job.timestamp.millis(), found.received_at.millis());
        assert_eq!(job.finished_on.unwrap().millis(), signal.processed_at.millis());
        assert_eq!(client.recent_jobs(5).await.unwrap()[0].id, signal.event_id);
        assert_eq!(client.job_stats().await.unwrap().completed, 1);
        let stats = client.signal_stats().await.unwrap();
        assert_eq!(stats.signals_by_event[&EventType::EMAIL_CLICKED], 1);

        let explanation = client.explanation(signal.id).await.unwrap().unwrap();
        assert_eq!((explanation.signal_id, explanation.model.digest), (signal.id, signal.model));
        assert_eq!(explanation.steps[0].kind, StepKind::Base);
        assert_eq!(explanation.to_string(), explanation.summary);
        assert!(explanation.summary.contains("answered within 24 hours"), "{explanation}");
    });
}

#[cfg(feature = "local-scoring")]
#[test]
fn a_score_made_here_is_explained_as_the_server_explains_it() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let event = SalesEvent::demo_completed("acc_1", "ada").with("interactionCount", 4);
        let stored = signal(&client, event.clone()).await;
        let explanation = client.explanation(stored.id).await.unwrap().unwrap();
        assert_eq!(client.fetch_model().await.unwrap(), explanation.model);
        let local = client.score_local(&event).unwrap();
        assert_eq!(local.to_string(), explanation.to_string());
        assert_eq!((&local.steps, local.units), (&explanation.steps, explanation.units));
        assert_eq!((local.score, &local.model), (stored.signal_score, &explanation.model));
        let preview = client.preview([event]).await.unwrap();
        assert_eq!(preview.results[0].summary.as_ref(), Some(&local.summary));
    });
}

#[test]
fn what_is_not_there_is_none_to_look_at_and_an_error_to_act_on() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let letter = DeadLetterId::of_event(unknown());
        assert_eq!(client.event(unknown()).await.unwrap(), None);
        assert_eq!(client.job(unknown()).await.unwrap(), None);
        assert_eq!(client.signal(SignalId::new(9)).await.unwrap(), None);
        assert_eq!(client.explanation(SignalId::new(9)).await.unwrap(), None);
        assert_eq!(client.dead_letter(letter).await.unwrap(), None);
        let edit = DeadLetterEdit::default().user("ada");
        for error in [
            client.edit_dead_letter(letter, &edit).await.unwrap_err(),
            client.remove_dead_letter(letter).await.unwrap_err(),
            client.replay_dead_letter(letter).await.unwrap_err(),
        ] {
            assert_eq!(error.status(), Some(404), "{error}");
            assert!(error.to_string().contains("not found"), "{error}");
        }
        for wrong in [0, 101] {
            assert!(matches!(client.recent_jobs(wrong).await, Err(Error::Request(_))));
        }
    });
}

#[test]
fn an_event_that_becomes_a_dead_letter_at_once_is_answered_with_it() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let event =
            |number| SalesEvent::call_made("acme", "ada").at("2026-01-15").id("one").with("n", number);
        let outcomes = client.send([event(1), event(2)]).await.unwrap();
        assert!(outcomes.iter().all(sspp_client::Outcome::is_accepted), "{outcomes:?}");
        assert!(matches!(outcomes[0].verdict, Verdict::Accepted), "{outcomes:?}");
        let Verdict::DeadLetter { id } = outcomes[1].verdict else { panic!("{outcomes:?}") };
        assert_eq!(client.dead_letter(id).await.unwrap().unwrap().event_id, outcomes[1].event_id);
        assert_eq!(client.stats().accepted, 2);
    });
}

#[test]
fn dead_letters_are_looked_at_edited_replayed_and_removed() {
    let platform = Platform::start();
    let ids = platform.leave_letters(&["a", "b", "c", "d"]);
    let client = platform.client();
    run(async {
        let query = DeadLetterQuery::default().reason(DeadLetterReason::UnknownEventType).page_size(3);
        let letters = client.dead_letters(&query).collect().await.unwrap();
        assert_eq!(
            letters.iter().map(|letter| letter.id).collect::<Vec<_>>(),
            [ids[3], ids[2], ids[1], ids[0]]
        );
        assert!(letters[0].replayable && letters[0].reason == DeadLetterReason::UnknownEventType);
        let none = DeadLetterQuery::default().reason("rejected");
        assert_eq!(client.dead_letters(&none).collect().await.unwrap(), []);

        let edit = DeadLetterEdit::default()
            .account("edited")
            .event_type(EventType::DEMO_COMPLETED)
            .at(Timestamp::parse("2026-01-02T00:00:00Z").unwrap())
            .metadata(r#"{"interactionCount": 4.00}"#);
        let edited = client.edit_dead_letter(ids[0], &edit).await.unwrap();
        let content = edited.event.as_ref().unwrap();
        assert_eq!(
            (edited.id, content.account_id.as_str(), content.user_id.as_str()),
            (ids[0], "edited", "ada")
        );
        assert_eq!(content.metadata.as_str(), r#"{"interactionCount":4.00}"#);
        assert_eq!(client.dead_letter(ids[0]).await.unwrap(), Some(edited.clone()));
        let wrong = client.edit_dead_letter(ids[0], &DeadLetterEdit::default().event_type("dance")).await;
        assert_eq!(wrong.unwrap_err().problem().unwrap().errors[0].pointer, "/eventType");

        let replayed = client.replay_dead_letter(ids[0]).await.unwrap();
        assert_eq!((&replayed.status, replayed.event_id), (&ReplayStatus::Signal, edited.event_id));
        let settled = client.wait_for_signal(replayed.event_id, LONG).await.unwrap();
        let Settled::Signal(signal) = settled else { panic!("{settled:?}") };
        assert_eq!((signal.event_id, signal.signal_score), (edited.event_id, 1.0));

        client.remove_dead_letter(ids[1]).await.unwrap();
        let settled = client.wait_for_signal(letters[0].event_id, LONG).await.unwrap();
        assert!(matches!(settled, Settled::DeadLetter(letter) if letter.id == ids[3]));

        let counted = client.replay_dead_letters(&DeadLetterQuery::default(), true).await.unwrap();
        assert_eq!((counted.dry_run, counted.replayed, counted.remaining), (true, 0, 2));
        let one = client.replay_dead_letters(&DeadLetterQuery::default().page_size(1), false).await.unwrap();
        assert_eq!((one.replayed, one.next_cursor.is_some()), (1, true));
        let rest = client.replay_all_dead_letters(&DeadLetterQuery::default().page_size(1));
        let rest = rest.finish().await.unwrap();
        assert!(rest.replayed >= 1 && rest.skipped.is_empty(), "{rest:?}");
        for id in [letters[0].event_id, letters[1].event_id] {
            assert!(client.wait_for_signal(id, LONG).await.is_ok());
        }
    });
}

#[test]
fn a_replay_of_many_goes_on_to_its_end_and_tells_how_far_it_is() {
    let platform = Platform::idle();
    platform.leave_letters(&["a", "b", "c", "d", "e"]);
    let client = platform.client();
    run(async {
        let mut replays = client.replay_all_dead_letters(&DeadLetterQuery::default().page_size(2));
        let mut progress = Vec::new();
        while let Some(part) = replays.try_next().await.unwrap() {
            progress.push((part.replayed, part.remaining));
        }
        assert_eq!(progress, [(2, 3), (2, 1), (1, 0)]);
    });
}

#[test]
fn an_account_and_a_user_are_erased() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let first = signal(&client, SalesEvent::call_made("a/b ?ü", "ada")).await;
        let second = signal(&client, SalesEvent::call_made("other", "bob")).await;
        let erasure = client.erase_account(&first.account_id).await.unwrap();
        assert_eq!((&erasure.kind, erasure.complete), (&ErasureKind::Account, true));
        assert_eq!(client.signal(first.id).await.unwrap(), None);
        assert!(client.signal(second.id).await.unwrap().is_some());
        assert_eq!(client.erase_user(&second.user_id).await.unwrap().kind, ErasureKind::User);
        assert_eq!(client.signal(second.id).await.unwrap(), None);
        assert_eq!(client.signals(&SignalQuery::default()).collect().await.unwrap(), []);
    });
}

#[test]
fn events_are_checked_and_previewed_and_nothing_is_stored() {
    let platform = Platform::start();
    let client = platform.client();
    let events = || {
        let fine =
            SalesEvent::email_clicked("acc_1", "ada").with("responseTimeHours", 2).at("2026-01-15").id("own");
        [SalesEvent::call_made("", "ada"), fine, SalesEvent::new("dance", "acc_1", "ada")]
    };
    run(async {
        let checked = client.validate(events()).await.unwrap();
        assert_eq!(checked.iter().map(Validation::is_valid).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(checked[0].errors[0].pointer, "/accountId");
        assert_eq!(checked[2].errors[0].pointer, "/eventType");
        let account = AccountId::new("acc_1").unwrap();
        assert_eq!(
            checked[1].event_id,
            EventId::of_external(&ExternalId::new("own").unwrap(), None, &account)
        );
        assert_eq!(client.validate(Vec::<SalesEvent>::new()).await.unwrap(), []);
        let many = (0..2_300).map(|number| SalesEvent::call_made(format!("acc_{number}"), "ada"));
        assert!(client.validate(many).await.unwrap().iter().all(Validation::is_valid));

        let preview = client.preview(events()).await.unwrap();
        let statuses: Vec<_> = preview.results.iter().map(|result| (result.index, &result.status)).collect();
        let (scored, rejected) = (&PreviewStatus::Scored, &PreviewStatus::Rejected);
        assert_eq!(statuses, [(0, rejected), (1, scored), (2, rejected)]);
        assert_eq!(preview.results[1].signal_score, Some(0.7));
        assert_eq!(preview.model.unwrap().digest, client.scoring_model().await.unwrap().digest);
        let many = (0..250).map(|number| SalesEvent::call_made(format!("acc_{number}"), "ada"));
        assert_eq!(client.preview(many).await.unwrap().results.len(), 250);
        let preview =
            client.preview([SalesEvent::call_made("", "ada"), SalesEvent::call_made("a", "")]).await.unwrap();
        let pointers: Vec<_> =
            preview.results.iter().map(|result| result.errors[0].pointer.as_str()).collect();
        assert_eq!((pointers, preview.model), (vec!["/accountId", "/userId"], None));
        assert_eq!(client.preview(Vec::<SalesEvent>::new()).await.unwrap().results, []);

        let toml = "name = \"calls\"\nversion = 1\n[events.call_made]\nbase = 0.25\nsignal_type = \"outreach\"\ngroup = \"outreach\"\n";
        let json = r#" {"name":"calls","version":1,"events":{"call_made":{"base":0.25,"signal_type":"outreach","group":"outreach"}}}"#;
        for model in [toml, json] {
            let preview = client.preview_with(model, [SalesEvent::call_made("acc_1", "ada")]).await.unwrap();
            assert_eq!(
                (preview.model.unwrap().name.as_str(), preview.results[0].signal_score),
                ("calls", Some(0.25))
            );
        }
        let faults =
            client.preview_with("name = 1", [SalesEvent::call_made("acc_1", "ada")]).await.unwrap_err();
        assert!(faults.problem().unwrap().errors.len() > 1, "{faults}");
        let no_json = client.preview_with("{", [SalesEvent::call_made("acc_1", "ada")]).await.unwrap_err();
        assert!(matches!(&no_json, Error::Request(_)) && !no_json.is_retryable(), "{no_json}");
        assert_eq!(client.job_stats().await.unwrap().total, 0);
        assert_eq!(client.stats().emitted, 0);
    });
}

#[test]
fn events_are_checked_as_they_would_be_sent() {
    let platform = Platform::start();
    let client = quick(&platform.url).source("crm").build().unwrap();
    let events = || [SalesEvent::call_made("acc_1", "ada").at("2026-01-15").id("own")];
    run(async {
        let checked = client.validate(events()).await.unwrap();
        let sent = client.send(events()).await.unwrap();
        assert_eq!((checked[0].event_id, checked[0].is_valid()), (sent[0].event_id, sent[0].is_accepted()));
        let disabled = quick(&platform.url).disabled(true).build().unwrap();
        assert!(matches!(disabled.validate(events()).await, Err(Error::Disabled)));
        assert!(matches!(disabled.export_signals(&SignalQuery::default()).await, Err(Error::Disabled)));
        assert!(matches!(disabled.event(unknown()).await, Err(Error::Disabled)));
    });
}

#[test]
fn the_service_tells_of_itself() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let health = client.health().await.unwrap();
        assert!(
            health.is_healthy() && health.services["sqlite"].status == HealthStatus::Healthy,
            "{health:?}"
        );
        assert!(client.ready().await.unwrap().uptime >= 0.0);
        client.live().await.unwrap();
        assert!(client.metrics().await.unwrap().contains("sspp_api_http_requests_total"));
        let types = client.event_types().await.unwrap();
        assert!(types.event_types.iter().any(|known| known.event_type == EventType::CALL_MADE));
        let model = client.scoring_model().await.unwrap();
        assert_eq!((&model.name, model.digest), (&types.model.name, types.model.digest));
        assert!(model.document.get().starts_with('{'), "{model:?}");
    });
}

#[test]
fn a_query_has_types_for_its_values_and_is_refused_here_where_one_is_not_valid() {
    let platform = Platform::start();
    let client = platform.client();
    run(async {
        let at = Timestamp::parse("2026-01-02T00:00:00Z").unwrap();
        for (account, hours) in [("low", 99), ("high", 1)] {
            let event = SalesEvent::email_clicked(account, "ada").with("responseTimeHours", hours);
            signal(&client, event.at(at)).await;
        }
        let accounts = async |query: SignalQuery| {
            let signals = client.signals(&query).collect().await.unwrap();
            signals.into_iter().map(|signal| String::from(signal.account_id)).collect::<Vec<_>>()
        };
        let by_score = || SignalQuery::default().sort_by(SortBy::Score);
        assert_eq!(accounts(by_score()).await, ["high", "low"]);
        assert_eq!(accounts(by_score().order(SortOrder::Ascending)).await, ["low", "high"]);
        assert_eq!(accounts(by_score().min_score(0.7)).await, ["high"]);
        assert_eq!(accounts(by_score().max_score(0.69)).await, ["low"]);
        assert_eq!(accounts(by_score().account("nobody").account("low")).await, ["low"]);
        let user = UserId::new("ada").unwrap();
        assert_eq!(
            accounts(by_score().user(&user).event_type(EventType::EMAIL_CLICKED)).await,
            ["high", "low"]
        );
        assert_eq!(accounts(by_score().from(at.to_datetime()).to("2026-01-03")).await, ["high", "low"]);
        let begin = std::time::SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        assert_eq!(accounts(by_score().from(begin)).await, Vec::<String>::new());

        let wrong = SignalQuery::default().account("").min_score(0.705).max_score(f64::NAN).from("yesterday");
        let error = client.signals(&wrong).try_next().await.unwrap_err();
        let Error::Request(violations) = &error else { panic!("{error}") };
        let pointers: Vec<_> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
        assert_eq!(pointers, ["accountId", "minScore", "maxScore", "from"]);
        let negative = SignalQuery::default().min_score(-1.0);
        let error = client.export(&negative, sspp_client::ExportFormat::Csv).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the request is not valid: minScore must be a number from 0 to 1,000 with at most two decimals"
        );
        for size in [0, 101] {
            let query = SignalQuery::default().page_size(size);
            let error = client.signals(&query).limit(7).try_next().await.unwrap_err();
            assert_eq!(error.to_string(), "the request is not valid: limit must be a number from 1 to 100");
        }
        let letters = DeadLetterQuery::default().page_size(101);
        assert!(matches!(client.dead_letters(&letters).try_next().await, Err(Error::Request(_))));
        assert!(client.replay_dead_letters(&letters, true).await.is_ok());
        let too_many = letters.page_size(10_001);
        assert!(matches!(client.replay_dead_letters(&too_many, true).await, Err(Error::Request(_))));
        let edit = DeadLetterEdit::default().metadata("[]");
        let error = client.edit_dead_letter(DeadLetterId::of_event(unknown()), &edit).await.unwrap_err();
        assert_eq!(error.to_string(), "the request is not valid: metadata must be an object");
        assert_eq!(accounts(by_score().min_score(1)).await, Vec::<String>::new());
        // A value that is set again replaces the one before, also one that was not valid.
        assert_eq!(accounts(by_score().min_score(-1.0).min_score(0.7)).await, ["high"]);
    });
}

#[test]
fn a_key_without_the_scope_is_told_so() {
    let (platform, key) = Platform::with_key("ingest");
    let client = quick(&platform.url).api_key(key).build().unwrap();
    let (account, letter) = (AccountId::new("a").unwrap(), DeadLetterId::of_event(unknown()));
    run(async {
        assert!(client.send([SalesEvent::call_made("a", "u")]).await.unwrap()[0].is_accepted());
        assert!(client.validate([SalesEvent::call_made("a", "u")]).await.unwrap()[0].is_valid());
        for error in [
            client.event(unknown()).await.unwrap_err(),
            client.wait_for_signal(unknown(), LONG).await.unwrap_err(),
            client.signals(&SignalQuery::default()).collect().await.unwrap_err(),
            client.export_signals(&SignalQuery::default()).await.unwrap_err(),
            client.erase_account(&account).await.unwrap_err(),
            client.remove_dead_letter(letter).await.unwrap_err(),
            client.replay_all_dead_letters(&DeadLetterQuery::default()).finish().await.unwrap_err(),
        ] {
            assert_eq!(error.status(), Some(403), "{error}");
            assert!(!error.is_retryable() && error.request_id().is_some(), "{error}");
        }
        assert!(client.health().await.unwrap().is_healthy());
    });
}
