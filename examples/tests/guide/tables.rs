//! The guide's tables of settings and metrics are what their sources say. `just guide-tables` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use crate::pages;

const METRICS: &str = include_str!("../../../sspp-core/crates/runtime/metrics.tsv");

/// Compares what stands between `<!-- generated: NAME -->` and `<!-- end -->` of a page, or writes it.
fn check(page: &str, name: &str, table: &str) {
    let path = pages::folder().join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap();
    let (shown, after) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("SSPP_WRITE_GUIDE").is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}<!-- end -->{after}")).unwrap();
    } else {
        assert!(shown == table, "{page} shows other {name} than there are: run `just guide-tables`");
    }
}

#[test]
fn metrics_are_those_of_the_list() {
    let mut table = "| metric | kind | of | labels | |\n|---|---|---|---|---|\n".to_owned();
    for line in METRICS.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, kind, binary, labels, meaning] = <[&str; 5]>::try_from(cells).unwrap();
        let labels = labels.replace(',', ", ");
        writeln!(table, "| `{name}` | {kind} | {binary} | {labels} | {meaning} |").unwrap();
    }
    check("operate/metrics.md", "metrics", &table);
}

/// A setting, as one of the binaries has it or both have.
#[derive(Debug, Default)]
struct Setting {
    flag: String,
    help: String,
    /// The default of each binary that has it.
    defaults: BTreeMap<&'static str, String>,
}

/// Headings in the order of `--help`, each with its settings by variable.
#[derive(Debug, Default)]
struct Settings(Vec<(String, Vec<(String, Setting)>)>);

impl Settings {
    fn add(&mut self, binary: &'static str, command: &Command) {
        for argument in command.get_arguments() {
            let Some(variable) = argument.get_env() else { continue };
            let variable = variable.to_string_lossy().into_owned();
            let setting = self.setting(argument.get_help_heading().unwrap_or("Process"), variable);
            setting.defaults.insert(binary, default(argument));
            if setting.flag.is_empty() {
                setting.flag = format!("--{}", argument.get_long().unwrap());
                setting.help = help(argument);
            }
        }
    }

    fn setting(&mut self, heading: &str, variable: String) -> &mut Setting {
        let settings = entry(&mut self.0, heading.to_owned());
        entry(settings, variable)
    }

    fn table(&self) -> String {
        let mut text = String::new();
        for (heading, settings) in &self.0 {
            write!(text, "\n### {heading}\n\n| variable | flag | of | default | |\n|---|---|---|---|---|\n")
                .unwrap();
            for (variable, Setting { flag, help, defaults }) in settings {
                let of = if defaults.len() == 2 { "both" } else { *defaults.keys().next().unwrap() };
                let help = help.replace('|', "\\|").replace('\n', " ");
                writeln!(text, "| `{variable}` | `{flag}` | {of} | {} | {help} |", shown(defaults)).unwrap();
            }
        }
        text.push('\n');
        text
    }
}

/// The value of a key, a new one at the end where there is none.
fn entry<T: Default>(list: &mut Vec<(String, T)>, key: String) -> &mut T {
    let at = list.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        list.push((key, T::default()));
        list.len() - 1
    });
    &mut list[at].1
}

/// Its help, and the values it may have where they are few. Those of a switch go without saying.
fn help(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let values = argument.get_possible_values();
    if values.is_empty() || matches!(argument.get_action(), ArgAction::SetTrue) {
        return help;
    }
    let values: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
    format!("{help}: {}", values.join(" or "))
}

fn default(argument: &Arg) -> String {
    let values = argument.get_default_values().iter();
    let values: Vec<_> =
        values.map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty()).collect();
    values.join(",")
}

/// One default, or that of each binary where they differ.
fn shown(defaults: &BTreeMap<&'static str, String>) -> String {
    let mut values: Vec<_> = defaults.values().collect();
    values.dedup();
    match values.as_slice() {
        [one] if one.is_empty() => String::new(),
        [one] => format!("`{one}`"),
        _ => defaults
            .iter()
            .map(|(binary, value)| format!("`{value}` ({binary})"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[test]
fn settings_are_those_of_the_binaries() {
    let mut settings = Settings::default();
    settings.add("sspp-api", &sspp_api::Config::command());
    settings.add("sspp-worker", &sspp_worker::Config::command());
    check("operate/configuration.md", "settings", &settings.table());
}
