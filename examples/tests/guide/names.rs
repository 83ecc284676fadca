//! Every metric and every variable that the guide names exists.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};
use sspp_runtime::METRICS;

use crate::pages;

/// Words that begin as metrics do and are none: crates, and keys in examples.
const NO_METRICS: [&str; 6] =
    ["sspp_api", "sspp_client", "sspp_core", "sspp_example", "sspp_worker", "sspp_0123456789"];
/// Variables of the client, of its command line and of the tests.
const OF_OTHERS: [&str; 4] = ["SSPP_API_KEY", "SSPP_DISABLED", "SSPP_TEST_SEED", "SSPP_URL"];

/// The words of all pages that begin with a prefix, each with its page.
fn words(prefix: &str) -> BTreeSet<(String, String)> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = BTreeSet::new();
    for page in pages::all() {
        for text in page.text.split(|c| !word(c)) {
            // A prefix such as `sspp_worker_` stands for several.
            if text.starts_with(prefix) && !text.ends_with('_') {
                found.insert((text.to_owned(), page.name.clone()));
            }
        }
    }
    found
}

fn variables(command: &Command, known: &mut BTreeSet<String>) {
    let own = command.get_arguments().filter_map(clap::Arg::get_env);
    known.extend(own.map(|variable| variable.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|command| variables(command, known));
}

/// An example of a page that is not listed would never be compiled.
#[test]
fn every_page_with_rust_has_doc_tests() {
    let listed = include_str!("../../src/lib.rs");
    for page in pages::all() {
        let has_rust = page.blocks().iter().any(|block| block.mark.starts_with("rust"));
        let name = page.name.trim_end_matches(".md");
        assert!(
            !has_rust || name == "README" || listed.contains(&format!("{name:?}")),
            "name {name} in examples/src/lib.rs"
        );
    }
}

#[test]
fn every_metric_of_the_guide_is_in_the_list() {
    let words = words("sspp_");
    assert!(words.len() > 50, "{words:?}");
    for (word, page) in words {
        let part = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end));
        let known = |name: &str| METRICS.lines().any(|line| line.split('\t').next() == Some(name));
        let metric = known(&word) || part.is_some_and(known);
        assert!(metric || NO_METRICS.contains(&word.as_str()), "{page}: there is no metric {word}");
    }
}

#[test]
fn every_variable_of_the_guide_is_a_setting() {
    let mut known = OF_OTHERS.map(str::to_owned).into();
    variables(&sspp_api::Config::command(), &mut known);
    variables(&sspp_worker::Config::command(), &mut known);
    let words = words("SSPP_");
    assert!(words.len() > 20, "{words:?}");
    for (word, page) in words {
        assert!(known.contains(&word), "{page}: no setting has the variable {word}");
    }
}
