//! What operators do: erase, look at health, and give dead letters another chance.

use super::connection::server;
use super::platform::Platform;
use super::{Said, json_lines, piped, sspp, until};

fn letters(url: &str, more: &[&str]) -> Said {
    sspp(url, &[&["dead-letters", "list", "-j"], more].concat())
}

fn ids(said: &Said) -> Vec<String> {
    json_lines(&said.out).iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_account_or_a_user_is_erased_when_it_is_confirmed() {
    let platform = Platform::start();
    let url = &platform.url;
    for account in ["acme", "other"] {
        assert_eq!(sspp(url, &["emit", "-a", account, "-u", "ada", "-t", "call_made"]).code, 0);
    }
    let signals = || sspp(url, &["signals", "-j"]);
    until("the signals", signals, |said| said.out.lines().count() == 2);
    for (arguments, word) in [
        (&["erase", "account", "acme"][..], "--yes"),
        (&["erase", "company", "acme", "--yes"], "account"),
        (&["erase", "account", "", "--yes"], "id"),
        (&["erase", "account"], "ID"),
    ] {
        let said = sspp(url, arguments);
        assert!(said.code == 2 && said.err.contains(word), "{arguments:?}: {said:?}");
    }
    assert_eq!(signals().out.lines().count(), 2);
    let erased = sspp(url, &["erase", "account", "acme", "-y"]);
    assert!(erased.code == 0 && erased.out.starts_with("erased account acme: "), "{erased:?}");
    until("one signal", signals, |said| said.out.lines().count() == 1);
    let erased = sspp(url, &["erase", "user", "ada", "--yes", "--json"]);
    assert_eq!(json_lines(&erased.out)[0]["kind"], "user", "{erased:?}");
    until("no signal", signals, |said| said.out.is_empty());
}

#[test]
fn health_is_shown_and_its_exit_code_is_for_scripts() {
    let platform = Platform::start();
    let said = sspp(&platform.url, &["health"]);
    assert!(said.code == 0 && said.out.contains("healthy") && said.out.contains("memory"), "{said:?}");
    assert_eq!(json_lines(&sspp(&platform.url, &["health", "--json"]).out)[0]["status"], "healthy");
    assert_eq!(sspp("http://127.0.0.1:1", &["health"]).code, 3);
    let body = concat!(
        r#"{"status":"unhealthy","timestamp":"2026-01-15T10:00:00Z","intake":"queued","durability":"at_risk","warnings":["change it"],"#,
        r#""services":{"redis":{"status":"unhealthy","responseTime":7,"reason":"it takes no writes"}}}"#
    );
    let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
    let answer = format!("{head} {}\r\n\r\n{body}", body.len()).leak();
    let said = sspp(&format!("http://{}", server(answer.as_bytes())), &["health"]);
    assert!(said.code == 3 && said.err.contains("not healthy"), "{said:?}");
    for word in ["redis", "7 ms", "it takes no writes", "at_risk", "warning: change it"] {
        assert!(said.out.contains(word), "{word}: {said:?}");
    }
}

#[test]
fn a_replay_that_fails_again_is_no_success() {
    let id = "0197d3c5-5c00-7000-8000-000000000001";
    let body = format!(
        r#"{{"status":"dead_letter","jobId":"{id}","eventId":"{id}","deadLetterId":"{id}","message":"Event failed again"}}"#
    );
    let head =
        "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
    let answer = format!("{head} {}\r\n\r\n{body}", body.len()).leak();
    let url = format!("http://{}", server(answer.as_bytes()));
    for more in [&[][..], &["-j"]] {
        let said = sspp(&url, &[&["dead-letters", "replay", id], more].concat());
        assert!(said.code == 1 && said.out.contains(id) && said.err.contains("failed again"), "{said:?}");
    }
}

#[test]
fn dead_letters_are_edited_removed_and_replayed_by_filter() {
    let platform = Platform::start();
    let url = &platform.url;
    let emit = |id: &str, kind: &str| {
        sspp(url, &["emit", "--id", id, "-a", "a", "-u", "u", "--at", "2026-01-15", "-t", kind])
    };
    for id in ["1", "2"] {
        assert_eq!((emit(id, "call_made").code, emit(id, "email_sent").code), (0, 0));
    }
    let conflicts = ["--reason", "event_id_conflict"];
    let conflicts =
        ids(&until("the conflicts", || letters(url, &conflicts), |said| said.out.lines().count() == 2));
    let table = sspp(url, &["dead-letters"]);
    assert!(table.out.starts_with("DEAD LETTER") && table.out.contains("event_id_conflict"), "{table:?}");
    let left = ids(&letters(url, &["-r", "unknown_event_type"])).remove(0);
    let listed = sspp(url, &["dead-letters", "-r", "unknown_event_type", "-j"]);
    assert_eq!(ids(&listed), std::slice::from_ref(&left), "{listed:?}");

    let waited = sspp(url, &["event", &left, "--wait", "20s"]);
    assert!(waited.code == 1 && waited.err.contains(&format!("dead-letters show {left}")), "{waited:?}");

    // Counted, and nothing done.
    let dry = sspp(url, &["dead-letters", "replay", "--all", "--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains("3 dead letters would be replayed"), "{dry:?}");
    let none = sspp(url, &["dead-letters", "replay", "--type", "meeting_booked"]);
    assert!(none.code == 0 && none.out.contains("replayed 0"), "{none:?}");

    // One member of the metadata, and the account; the rest stays.
    let edited = sspp(url, &["dead-letters", "edit", &left, "-a", "moved", "-w", "note=again", "-j"]);
    let event = json_lines(&edited.out).remove(0)["event"].take();
    assert_eq!(
        (&event["accountId"], &event["userId"], &event["metadata"]["note"]),
        (&"moved".into(), &"behind".into(), &"again".into()),
        "{edited:?}"
    );
    let edited = sspp(url, &["dead-letters", "edit", &left, "-w", "more=12345678901234567890123", "-j"]);
    assert!(
        edited.out.contains(r#""note":"again""#) && edited.out.contains("12345678901234567890123"),
        "{edited:?}"
    );
    let edited = piped(
        url,
        &["dead-letters", "edit", &left, "--file", "-"],
        r#"{"userId":"bob","metadata":{"x":1.10}}"#,
    );
    assert!(edited.code == 0 && edited.err.contains(&format!("dead-letters replay {left}")), "{edited:?}");
    for (arguments, code, word) in [
        (vec!["edit", &*left], 2, "--account"),
        (vec!["edit", &left, "-m", "{"], 2, "metadata"),
        (vec!["edit", &left, "--at", "soon"], 2, "timestamp"),
        (vec!["edit", &left, "-t", "no_such_type"], 1, "eventType"),
        (vec!["edit", &left, "-u", "x", "--file", "-"], 2, "--file"),
        (vec!["edit", &left, "--file", "/no/such"], 1, "/no/such"),
        (vec!["edit", "x", "-u", "x"], 2, "UUID"),
        (vec!["edit", &conflicts[0], "-u", "x"], 1, "another id"),
        (vec!["replay", "--all", "--reason", "undecodable"], 2, "--reason"),
        (vec!["replay", &left, "--all"], 2, "--all"),
        (vec!["replay", "--reason", "no_such_reason"], 2, "reason"),
        (vec!["list", "--from", "soon"], 2, "from"),
        (vec!["remove"], 2, "IDS"),
        (vec!["remove", "0197d3c5-5c00-7000-8000-000000000001"], 1, "0197d3c5"),
    ] {
        let said = sspp(url, &[&["dead-letters"], &arguments[..]].concat());
        assert!(said.code == code && said.err.contains(word), "{arguments:?}: {said:?}");
    }
    for verb in ["replay", "remove", "edit"] {
        let (id, more) =
            ("0197d3c5-5c00-7000-8000-000000000001", if verb == "edit" { &["-u", "x"][..] } else { &[] });
        let said = sspp(url, &[&["dead-letters", verb, id], more].concat());
        assert!(
            said.err.matches(id).count() == 1 && said.err.contains("`sspp dead-letters` lists"),
            "{said:?}"
        );
    }
    let unread = piped(url, &["dead-letters", "edit", &left, "--file", "-"], r#"{"user":"bob"}"#);
    assert!(unread.code == 1 && unread.err.contains("user"), "{unread:?}");

    // All that can be: the others are named, and the same again finds no more.
    let all = sspp(url, &["dead-letters", "replay", "--all"]);
    assert!(
        all.code == 1
            && all.out.contains("replayed 1")
            && all.err.contains("2 dead letters cannot be replayed"),
        "{all:?}"
    );
    assert!(all.err.contains(&conflicts[0]) && all.err.contains(&conflicts[1]), "{all:?}");
    let moved = || sspp(url, &["signals", "-a", "moved", "-u", "bob", "-j"]);
    let signal = until("its signal", moved, |said| !said.out.is_empty());
    assert!(signal.out.contains(r#""metadata":{"x":1.10}"#), "{signal:?}");

    let removed = sspp(url, &["dead-letters", "remove", &conflicts[0], &left, &conflicts[1]]);
    assert!(
        removed.code == 1 && removed.out.lines().count() == 2 && removed.err.contains(&left),
        "{removed:?}"
    );
    assert!(letters(url, &[]).out.is_empty());
}

#[test]
fn an_edited_dead_letter_is_replayed_at_once_where_that_is_asked_for() {
    let platform = Platform::start();
    let url = &platform.url;
    let left = ids(&letters(url, &[])).remove(0);
    let said = sspp(url, &["dead-letters", "edit", &left, "-t", "demo_completed", "--replay"]);
    assert!(said.code == 0 && said.out.contains(&format!("replayed {left}")), "{said:?}");
    let waited = sspp(url, &["event", &left, "--wait", "20s"]);
    assert!(waited.code == 0 && waited.out.contains("demo_completed"), "{waited:?}");
    // Asked once, and a number alone is seconds.
    for time in ["0s", "0", "20"] {
        let waited = sspp(url, &["event", &left, "--wait", time]);
        assert!(waited.code == 0 && waited.out.contains("demo_completed"), "{time}: {waited:?}");
    }
}
