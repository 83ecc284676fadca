//! The settings of the guard, for flags and environment.

use std::path::{Path, PathBuf};

use clap::Args;
use sspp_core::service::{self, Secret};

use super::ApiKeys;

/// Who is let in.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_api::Config::try_parse_from(["sspp-api", "--api-keys-file", "keys"]).unwrap();
/// assert!(config.guard.api_keys().unwrap_err().to_string().contains("SSPP_API_KEYS_FILE"));
/// ```
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Who is let in")]
pub struct GuardArgs {
    /// The keys that are let in, each `name:scopes:sha256` as `sspp-api keygen` prints it, between commas or white space.
    #[arg(long, env = "SSPP_API_KEYS", value_name = "SSPP_API_KEYS", hide_env_values = true)]
    pub api_keys: Option<Secret>,

    /// A file of keys, one a line, `#` for comments; together with --api-keys or alone. Read at start.
    #[arg(long, env = "SSPP_API_KEYS_FILE", value_name = "SSPP_API_KEYS_FILE")]
    pub api_keys_file: Option<PathBuf>,
}

impl GuardArgs {
    /// The configured keys; none where neither setting is set. A setting that is there but holds no key is refused, since
    /// whoever set it meant to let only some in.
    pub fn api_keys(&self) -> Result<ApiKeys, service::ConfigError> {
        const LIST: (&str, &str) = ("--api-keys", "SSPP_API_KEYS");
        const FILE: (&str, &str) = ("--api-keys-file", "SSPP_API_KEYS_FILE");
        let of_list = self.api_keys.as_ref().filter(|text| !text.expose().is_empty());
        let of_file = self.api_keys_file.as_deref().filter(|path| !path.as_os_str().is_empty());
        let listed = of_list.map(|text| parse(LIST, text.expose(), None)).transpose()?.unwrap_or_default();
        let Some(path) = of_file else { return Ok(listed) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| fault(FILE, format!("cannot read {}: {error}", path.display())))?;
        let filed = parse(FILE, &text, Some(path))?;
        listed.and(filed).map_err(|error| fault(FILE, format!("{}, {error}", path.display())))
    }
}

fn parse(
    setting: (&'static str, &'static str),
    text: &str,
    path: Option<&Path>,
) -> Result<ApiKeys, service::ConfigError> {
    let place = path.map(|path| format!("{}, ", path.display())).unwrap_or_default();
    let keys = ApiKeys::parse(text).map_err(|error| fault(setting, format!("{place}{error}")))?;
    if keys.is_empty() {
        return Err(fault(
            setting,
            format!("{place}there is no key in it; unset it to let everyone in on a loopback address"),
        ));
    }
    Ok(keys)
}

fn fault((flag, variable): (&'static str, &'static str), reason: String) -> service::ConfigError {
    service::ConfigError::InvalidSecret { flag, variable, reason }
}
