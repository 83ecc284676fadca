//! What a person reads who starts a process wrongly.

use std::io::Write as _;
use std::process::ExitCode;

use super::ConfigError;

/// Says why a process ends, one line a fault and nothing else: a person has to act on it.
///
/// ```
/// assert_eq!(sspp_core::service::fail("sspp-worker", "no"), std::process::ExitCode::FAILURE);
/// ```
pub fn fail(program: &str, message: &str) -> ExitCode {
    // Nobody may be listening; the status says the same.
    drop(writeln!(std::io::stderr(), "{program}: {message}"));
    ExitCode::FAILURE
}

/// What clap says, without the usage that follows but with the way to it.
///
/// ```
/// let said = sspp_core::service::one_line("error: unexpected argument '-x' found\n\nUsage: x\n");
/// assert_eq!(said, "unexpected argument '-x' found; --help lists what there is");
/// ```
pub fn one_line(error: &str) -> String {
    let lines = error.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let said = lines.collect::<Vec<_>>().join(" ");
    format!("{}; --help lists what there is", said.trim_start_matches("error: "))
}

/// Checks a queue's name, which stands in metrics and in keys.
///
/// ```
/// assert!(sspp_core::service::check_queue_name("events").is_ok());
/// assert!(sspp_core::service::check_queue_name("{events}").is_err());
/// ```
pub fn check_queue_name(name: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if !name.is_empty() && name.len() <= 100 && name.chars().all(plain) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        flag: "--queue-name",
        variable: "QUEUE_NAME",
        value: name.to_owned(),
        reason: "should have 1 to 100 letters, digits, '-', '_', '.' and ':'".to_owned(),
    })
}
