//! How an import that stopped continues.

use std::env;

use sspp_import::{Files, Origin};

use super::arguments::Import;
use crate::output::counted;

/// What to say when it ends before its end.
pub(super) struct Advice {
    how: String,
    repeated: String,
}

impl Advice {
    pub(super) fn of(task: &Import, origin: &Origin, files: &Files) -> Self {
        // A name that is no Unicode is shown as well as it can be.
        let command = command(env::args_os().map(|word| word.to_string_lossy().into_owned()));
        let how = match (files.checkpoint(), origin.path()) {
            _ if task.dry_run => "nothing was sent".to_owned(),
            (Some(_), Some(_)) if task.again => "run it without --again to continue".to_owned(),
            (Some(_), Some(_)) => "run the same command to continue".to_owned(),
            (Some(_), None) if task.again => {
                "run it without --again and with the same input to continue".to_owned()
            }
            (Some(_), None) => "run the same command with the same input to continue".to_owned(),
            (None, _) => {
                "if you import it again, rows without an eventId count again (prevent that with --checkpoint FILE)"
                    .to_owned()
            }
        };
        let repeated = match (files.checkpoint(), origin.path()) {
            _ if task.dry_run => how.clone(),
            (Some(_), Some(_)) => format!("run this again to continue{command}"),
            (Some(_), None) => format!("run this again, with the same input, to continue{command}"),
            (None, _) => how.clone(),
        };
        Self { how, repeated }
    }

    /// After a failure.
    pub(super) fn failed(&self, rows: u64) -> String {
        format!("{} done; {}", are(rows), self.how)
    }

    /// After Ctrl-C.
    pub(super) fn stopped(&self, rows: u64) -> String {
        format!("stopped after {}; {}", counted(rows, "row"), self.repeated)
    }
}

fn are(rows: u64) -> String {
    format!("{} {}", counted(rows, "row"), if rows == 1 { "is" } else { "are" })
}

/// The command as a shell reads it: without what is done already, and without a key, which no list of commands should keep.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let mut words = vec!["sspp".to_owned()];
    let mut arguments = arguments.skip(1).filter(|word| word != "--again");
    let mut has_key = false;
    while let Some(word) = arguments.next() {
        if word == "--api-key" {
            arguments.next();
            has_key = true;
        } else if word.starts_with("--api-key=") {
            has_key = true;
        } else {
            words.push(quoted(&word));
        }
    }
    let key = if has_key { " (after SSPP_API_KEY was set to the key)" } else { "" };
    format!("{key}: {}", words.join(" "))
}

fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&byte) || !byte.is_ascii();
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_and_shows_no_key() {
        let words = [
            "/usr/bin/sspp",
            "import",
            "my file's.csv",
            "--again",
            "--api-key",
            "secret",
            "--api-key=secret",
            "--batch",
            "5",
        ];
        let shown = command(words.into_iter().map(str::to_owned));
        assert_eq!(
            shown,
            r" (after SSPP_API_KEY was set to the key): sspp import 'my file'\''s.csv' --batch 5"
        );
    }
}
