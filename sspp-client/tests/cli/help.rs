//! `--help`, `--version`, the manual and completions: what they name is what there is.

use std::process::Command;

use sspp_core::testing::did_not_run;

use super::{Said, command, sspp};

/// Every command as it is written, with how it is listed.
fn commands() -> Vec<(Vec<String>, String)> {
    let mut found: Vec<(Vec<String>, String)> = Vec::new();
    let mut at: Vec<Vec<String>> = vec![vec![]];
    while let Some(above) = at.pop() {
        for (name, about) in listed(&help(&above)) {
            let command = [&above[..], &[name]].concat();
            at.push(command.clone());
            found.push((command, about));
        }
    }
    assert!(found.len() > 12, "{found:?}");
    found
}

fn help(words: &[String]) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    let mut command = command("", &words);
    // As wide as it gets: what is looked for stands in one line.
    let said = Said::from(
        command
            .env("COLUMNS", "500")
            .env("SSPP_API_KEY", "hunter2")
            .env("SSPP_URL", "http://u:hunter2@h")
            .output()
            .unwrap(),
    );
    assert!(said.code == 0 && !said.out.contains("hunter2"), "{words:?}: {said:?}");
    said.out
}

/// The commands that a help page lists.
fn listed(help: &str) -> Vec<(String, String)> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("  help "));
    lines
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(name, about)| (name.to_owned(), about.trim().to_owned()))
        .collect()
}

/// The headings of a help page, each with the options below it.
fn sections(help: &str) -> Vec<(String, Vec<String>)> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in help.lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|line| line.chars().all(char::is_alphabetic)) {
            sections.push((heading.to_owned(), Vec::new()));
        } else if let Some((_, options)) = sections.last_mut()
            && let Some(at) = line
                .find("--")
                .filter(|at| *at == 6 && line[..*at].chars().all(|c| " -,".contains(c) || c.is_alphabetic()))
        {
            let name: String = line[at..].chars().take_while(|c| *c == '-' || c.is_alphanumeric()).collect();
            let told = line[at..].split_once("  ").is_some_and(|(_, text)| !text.trim().is_empty());
            // Of a long help page, the text is in the next line.
            assert!(told || help.contains("\n\n"), "{line} has no text");
            options.push(name);
        }
    }
    sections
}

#[test]
fn a_page_begins_with_what_its_command_does_and_has_its_settings_under_their_headings() {
    let whole = help(&[]);
    assert!(whole.starts_with("Sends sales events to SSPP"), "{whole}");
    for word in ["SSPP_URL", "SSPP_API_KEY", "NO_COLOR", "130", "143", "scope"] {
        assert!(whole.contains(word), "{word}: {whole}");
    }
    let offline = ["validate", "completions", "man"];
    for (command, about) in commands() {
        let page = help(&command);
        assert!(page.starts_with(&about), "{command:?}: {page}");
        let sections = sections(&page);
        let below = |heading: &str| {
            let found = sections.iter().find(|(name, _)| name == heading);
            found
                .map(|(_, options)| options.iter().map(String::as_str).collect::<Vec<_>>())
                .unwrap_or_default()
        };
        let server = ["--url", "--api-key"];
        let own_form = ["completions", "man"].contains(&&*command[0]);
        assert_eq!(
            below("Server"),
            if offline.contains(&&*command[0]) { &[][..] } else { &server },
            "{command:?}: {page}"
        );
        assert_eq!(
            below("Output"),
            if own_form { &[][..] } else { &["--json", "--quiet"] },
            "{command:?}: {page}"
        );
        for (heading, options) in &sections {
            let known = ["Usage", "Commands", "Arguments", "Options", "Filters", "Server", "Output"];
            assert!(known.contains(&&**heading), "{command:?}: {heading}");
            let leaked = options.iter().any(|name| server.contains(&&**name)) && heading != "Server";
            let filter = heading == "Filters"
                && ["--limit", "--sort"].iter().any(|name| options.iter().any(|has| has == name));
            assert!(!leaked && !filter, "{command:?}: {page}");
        }
    }
}

#[test]
fn options_without_an_effect_are_not_listed() {
    let page = |words: &[&str]| help(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let score = page(&["score"]);
    assert!(["--account", "--user", "--at"].iter().all(|option| !score.contains(option)), "{score}");
    let edit = page(&["dead-letters", "edit"]);
    assert!(edit.contains("--at") && !edit.contains("now unless given"), "{edit}");
}

#[test]
fn settings_that_a_command_does_not_use_are_refused_after_its_name() {
    for arguments in [
        &["completions", "bash", "--url", "http://a"][..],
        &["man", "--json"],
        &["validate", "-", "--api-key", "k"],
    ] {
        assert_eq!(sspp("", arguments).code, 2, "{arguments:?}");
    }
    let before = sspp("", &["--url", "http://a", "--json", "completions", "bash"]);
    assert_eq!(before.code, 0, "{before:?}");
}

#[test]
fn bash_completes_commands_and_their_options() {
    if Command::new("bash").arg("--version").output().is_err() {
        return did_not_run("there is no bash that could complete commands");
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("sspp.bash");
    std::fs::write(&script, sspp("", &["completions", "bash"]).out).unwrap();
    let complete = |words: &str, last: &str| {
        let count = words.split(' ').count();
        let asked = format!(
            "source {}; COMP_WORDS=({words} {last}); COMP_CWORD={count}; _sspp sspp '{last}' ''; echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let said = Said::from(Command::new("bash").args(["--norc", "-c", &asked]).output().unwrap());
        assert!(said.code == 0 && said.err.is_empty(), "{said:?}");
        said.out.trim().to_owned()
    };
    assert_eq!(complete("sspp", "dead"), "dead-letters");
    assert_eq!(complete("sspp dead-letters", "rep"), "replay");
    assert!(complete("sspp signals", "--m").contains("--min-score"));
    assert!(!complete("sspp completions", "--").contains("--url"));
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = sspp("", &["completions", shell]);
        assert!(script.code == 0 && script.out.contains("dead-letters"), "{shell}: {script:?}");
    }
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let made = sspp("", &["man", "--dir", folder.path().join("man1").to_str().unwrap()]);
    assert!(made.code == 0 && made.out.is_empty(), "{made:?}");
    let page = |name: &str| std::fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    assert_eq!(page("sspp.1"), sspp("", &["man"]).out);
    assert!(page("sspp-signals.1").contains("SSPP_URL") && page("sspp-signals.1").contains("SSPP_API_KEY"));
    for (command, about) in commands() {
        let name = format!("sspp-{}", command.join("-"));
        let page = page(&format!("{name}.1"));
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        assert_eq!(page, sspp("", &[&["man"], &words[..]].concat()).out);
        let plain = page.replace("\\-", "-").replace("\\'", "'").replace("\\*(Aq", "'");
        assert!(page.contains(".TH") && plain.contains(&name) && plain.contains(&about), "{name}: {page}");
    }
    // Where there is a formatter, it finds nothing to complain about.
    let formatted = Command::new("groff")
        .args(["-man", "-ww", "-Tutf8", "-z"])
        .arg(folder.path().join("man1/sspp.1"))
        .output();
    if let Ok(output) = formatted {
        let said = Said::from(output);
        assert!(said.code == 0 && said.err.is_empty(), "{said:?}");
    }
    assert_eq!(sspp("", &["man", "no-such-command"]).code, 2);
    let unusable = sspp("", &["man", "--dir", "/dev/null/pages"]);
    assert!(unusable.code == 1 && unusable.err.contains("/dev/null/pages"), "{unusable:?}");
}
