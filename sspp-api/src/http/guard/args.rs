//! The settings of the guard, for flags and environment.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use sspp_runtime::{self, Secret};

use super::{ApiKeys, CorsOrigins, Rate, RateLimit, TrustedProxies};

/// Keys, rate limits, proxies and origins.
///
/// ```
/// use clap::Parser as _;
/// let config = sspp_api::Config::try_parse_from(["sspp-api", "--api-keys-file", "keys"]).unwrap();
/// assert!(config.guard.api_keys().unwrap_err().to_string().contains("SSPP_API_KEYS_FILE"));
/// ```
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Access")]
pub struct GuardArgs {
    /// Serve without keys on an address that others can reach: for use behind a gateway that authenticates clients.
    #[arg(long, env = "SSPP_ALLOW_ANONYMOUS", value_name = "SSPP_ALLOW_ANONYMOUS")]
    pub allow_anonymous: bool,

    /// The accepted API keys, each `name:scopes:sha256` as `sspp-api keygen` prints it, separated by commas or white space.
    #[arg(long, env = "SSPP_API_KEYS", value_name = "SSPP_API_KEYS", hide_env_values = true)]
    pub api_keys: Option<Secret>,

    /// A file of keys, one a line, `#` for comments; together with --api-keys or alone. Read at start.
    #[arg(long, env = "SSPP_API_KEYS_FILE", value_name = "SSPP_API_KEYS_FILE")]
    pub api_keys_file: Option<PathBuf>,

    /// The maximum rate of requests for each key, or for each address without a key: 100/s, 6000/m or 100000/h. No limit by default.
    #[arg(long, env = "SSPP_RATE_LIMIT", value_name = "SSPP_RATE_LIMIT")]
    pub rate_limit: Option<Rate>,

    /// How many requests may come at once after a pause; by default the number of the rate.
    #[arg(long, env = "SSPP_RATE_LIMIT_BURST", value_name = "SSPP_RATE_LIMIT_BURST")]
    pub rate_limit_burst: Option<NonZeroU32>,

    /// The proxies in front, as addresses and networks separated by commas. The client's address is taken from
    /// their X-Forwarded-For or Forwarded; these headers of any other sender are ignored.
    #[arg(
        long,
        env = "SSPP_TRUSTED_PROXIES",
        value_name = "SSPP_TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true
    )]
    pub trusted_proxies: TrustedProxies,

    /// The origins whose pages may use the API from a browser, separated by commas, or `*`. None by default.
    #[arg(
        long,
        env = "SSPP_CORS_ORIGINS",
        value_name = "SSPP_CORS_ORIGINS",
        default_value = "",
        hide_default_value = true
    )]
    pub cors_origins: CorsOrigins,
}

impl GuardArgs {
    /// The rate limit, where there is one.
    pub fn limit(&self) -> Result<Option<RateLimit>, sspp_runtime::ConfigError> {
        match (self.rate_limit, self.rate_limit_burst) {
            (Some(rate), burst) => Ok(Some(RateLimit { rate, burst })),
            (None, None) => Ok(None),
            (None, Some(burst)) => Err(sspp_runtime::ConfigError::Invalid {
                flag: "--rate-limit-burst",
                variable: "SSPP_RATE_LIMIT_BURST",
                value: burst.to_string(),
                reason: "needs a rate: set --rate-limit (SSPP_RATE_LIMIT) too".to_owned(),
            }),
        }
    }

    /// The configured keys; none where neither setting is set. A setting that is there but holds no key is refused, since
    /// the operator meant to let only some in.
    pub fn api_keys(&self) -> Result<ApiKeys, sspp_runtime::ConfigError> {
        const LIST: (&str, &str) = ("--api-keys", "SSPP_API_KEYS");
        const FILE: (&str, &str) = ("--api-keys-file", "SSPP_API_KEYS_FILE");
        let of_list = self.api_keys.as_ref().filter(|text| !text.expose().is_empty());
        let of_file = self.api_keys_file.as_deref().filter(|path| !path.as_os_str().is_empty());
        let listed = of_list.map(|text| parse(LIST, text.expose(), None)).transpose()?.unwrap_or_default();
        let Some(path) = of_file else { return Ok(listed) };
        let text = sspp_events::read_text_file(path)
            .map_err(|error| fault(FILE, format!("cannot read {}: {error}", path.display())))?;
        let filed = parse(FILE, &text, Some(path))?;
        listed.and(filed).map_err(|error| fault(FILE, format!("{}, {error}", path.display())))
    }
}

fn parse(
    setting: (&'static str, &'static str),
    text: &str,
    path: Option<&Path>,
) -> Result<ApiKeys, sspp_runtime::ConfigError> {
    let place = path.map(|path| format!("{}, ", path.display())).unwrap_or_default();
    let keys = ApiKeys::parse(text).map_err(|error| fault(setting, format!("{place}{error}")))?;
    if keys.is_empty() {
        return Err(fault(
            setting,
            format!("{place}it has no key; unset it to accept requests without a key on a loopback address"),
        ));
    }
    Ok(keys)
}

fn fault((flag, variable): (&'static str, &'static str), reason: String) -> sspp_runtime::ConfigError {
    sspp_runtime::ConfigError::InvalidSecret { flag, variable, reason }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    #[test]
    fn a_file_of_keys_may_begin_with_a_byte_order_mark() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        let config = crate::Config::parse_from(["sspp-api", "--api-keys-file", file.to_str().unwrap()]);
        let line = format!("crm:ingest:{}\r\n", "0f".repeat(32));
        std::fs::write(&file, format!("\u{feff}{line}")).unwrap();
        assert_eq!(config.guard.api_keys().unwrap().len(), 1);
        std::fs::write(&file, line.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).unwrap();
        let refused = config.guard.api_keys().unwrap_err().to_string();
        assert!(refused.contains("it must be UTF-8"), "{refused}");
    }
}
