//! Where Redis and PostgreSQL are: by URL, or by parts under the names that deployments of the predecessor use.

use std::net::Ipv6Addr;
use std::str::FromStr;

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::secret_file::SecretSetting;
use super::{ConfigError, Secret};

/// A port as a setting.
///
/// Kubernetes sets `REDIS_PORT=tcp://10.0.0.1:6379` in every container beside a service named `redis`. That is no setting, and
/// counts as none.
///
/// ```
/// use sspp_runtime::Port;
/// assert_eq!("6380".parse::<Port>().unwrap().get(), Some(6380));
/// assert_eq!("tcp://10.0.0.1:6379".parse::<Port>().unwrap().get(), None);
/// assert!("0".parse::<Port>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(Option<u16>);

impl Port {
    /// The port, if one was set.
    pub const fn get(self) -> Option<u16> {
        self.0
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.starts_with("tcp://") {
            return Ok(Self(None));
        }
        let port = text.parse::<u16>().ok().filter(|port| *port > 0);
        port.map(|port| Self(Some(port))).ok_or_else(|| "should be a port from 1 to 65535".to_owned())
    }
}

/// Where Redis is.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     redis: sspp_runtime::RedisArgs,
/// }
/// let config = Config::parse_from(["x", "--redis-host", "cache", "--redis-password", "a/b"]);
/// assert_eq!(config.redis.url().unwrap().unwrap().expose(), "redis://:a%2Fb@cache:6379");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Redis")]
pub struct RedisArgs {
    /// The queue's Redis: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS, `redis-cluster://` for a cluster.
    /// With `DATABASE_URL`, never alone.
    #[arg(long, env = "REDIS_URL", value_name = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<Secret>,

    /// Instead of `REDIS_URL`: a file that holds the URL.
    #[arg(long, env = "REDIS_URL_FILE", value_name = "REDIS_URL_FILE")]
    pub redis_url_file: Option<String>,

    /// Instead of `REDIS_URL`: the host.
    #[arg(long, env = "REDIS_HOST", value_name = "REDIS_HOST")]
    pub redis_host: Option<String>,

    /// With `REDIS_HOST`: the port, 6379 if not set.
    #[arg(long, env = "REDIS_PORT", value_name = "REDIS_PORT")]
    pub redis_port: Option<Port>,

    /// With `REDIS_HOST`: the password, if there is one. Prefer the variable: others can see a process's arguments.
    #[arg(long, env = "REDIS_PASSWORD", value_name = "REDIS_PASSWORD", hide_env_values = true)]
    pub redis_password: Option<Secret>,

    /// Instead of `REDIS_PASSWORD`: a file that holds the password.
    #[arg(long, env = "REDIS_PASSWORD_FILE", value_name = "REDIS_PASSWORD_FILE")]
    pub redis_password_file: Option<String>,
}

impl RedisArgs {
    /// The variable that says where it is.
    pub(super) fn named(&self) -> &'static str {
        if text(self.redis_url_file.as_deref()).is_some() {
            "REDIS_URL_FILE"
        } else if secret(self.redis_url.as_ref()).is_some() {
            "REDIS_URL"
        } else {
            "REDIS_HOST"
        }
    }

    /// The URL, given or put together; `None` when nothing is set.
    pub fn url(&self) -> Result<Option<Secret>, ConfigError> {
        let url = SecretSetting {
            variable: "REDIS_URL",
            value: self.redis_url.as_ref(),
            file_flag: "--redis-url-file",
            file_variable: "REDIS_URL_FILE",
            file: self.redis_url_file.as_deref(),
        };
        let url = url.read()?;
        let host = text(self.redis_host.as_deref());
        let port = self.redis_port.and_then(Port::get);
        let password = SecretSetting {
            variable: "REDIS_PASSWORD",
            value: self.redis_password.as_ref(),
            file_flag: "--redis-password-file",
            file_variable: "REDIS_PASSWORD_FILE",
            file: self.redis_password_file.as_deref(),
        };
        let password = password.read()?;
        let parts = [
            ("REDIS_HOST", host.is_some()),
            ("REDIS_PORT", port.is_some()),
            ("REDIS_PASSWORD", password.is_some()),
        ];
        if let Some(url) = url {
            contradiction("REDIS_URL", &parts)?;
            scheme(&url, &["redis://", "rediss://", "redis-cluster://", "rediss-cluster://"])
                .and_then(|()| no_options(&url))
                .map_err(|reason| invalid("--redis-url", "REDIS_URL", reason))?;
            return Ok(Some(url));
        }
        let Some(host) = host else { return incomplete(&parts, "REDIS_HOST (or REDIS_URL)") };
        let login = password.map_or_else(String::new, |password| format!(":{}@", encoded(password.expose())));
        let host = in_url("--redis-host", "REDIS_HOST", host)?;
        let url = format!("redis://{login}{host}:{}", port.unwrap_or(6_379));
        Ok(Some(Secret::from(url.as_str())))
    }
}

/// Where PostgreSQL is.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     database: sspp_runtime::DatabaseArgs,
/// }
/// let parts = ["x", "--postgres-host", "db", "--postgres-user", "sspp", "--postgres-db", "signals"];
/// let url = Config::parse_from(parts).database.url().unwrap().unwrap();
/// assert_eq!(url.expose(), "postgres://sspp@db:5432/signals");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "PostgreSQL")]
pub struct DatabaseArgs {
    /// The store's PostgreSQL: `postgres://user:password@host:port/database?sslmode=…`.
    #[arg(long, env = "DATABASE_URL", value_name = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<Secret>,

    /// Instead of `DATABASE_URL`: a file that holds the URL.
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "DATABASE_URL_FILE")]
    pub database_url_file: Option<String>,

    /// Instead of `DATABASE_URL`: the host.
    #[arg(long, env = "POSTGRES_HOST", value_name = "POSTGRES_HOST")]
    pub postgres_host: Option<String>,

    /// With `POSTGRES_HOST`: the port, 5432 if not set.
    #[arg(long, env = "POSTGRES_PORT", value_name = "POSTGRES_PORT")]
    pub postgres_port: Option<Port>,

    /// With `POSTGRES_HOST`: the user.
    #[arg(long, env = "POSTGRES_USER", value_name = "POSTGRES_USER")]
    pub postgres_user: Option<String>,

    /// With `POSTGRES_HOST`: the password, if there is one. Prefer the variable: others can see a process's arguments.
    #[arg(long, env = "POSTGRES_PASSWORD", value_name = "POSTGRES_PASSWORD", hide_env_values = true)]
    pub postgres_password: Option<Secret>,

    /// Instead of `POSTGRES_PASSWORD`: a file that holds the password.
    #[arg(long, env = "POSTGRES_PASSWORD_FILE", value_name = "POSTGRES_PASSWORD_FILE")]
    pub postgres_password_file: Option<String>,

    /// With `POSTGRES_HOST`: the database.
    #[arg(long, env = "POSTGRES_DB", value_name = "POSTGRES_DB")]
    pub postgres_db: Option<String>,

    /// Another name of `POSTGRES_HOST`.
    #[arg(long, env = "DB_HOST", value_name = "DB_HOST")]
    pub db_host: Option<String>,

    /// Another name of `POSTGRES_PORT`.
    #[arg(long, env = "DB_PORT", value_name = "DB_PORT")]
    pub db_port: Option<Port>,

    /// Another name of `POSTGRES_USER`.
    #[arg(long, env = "DB_USER", value_name = "DB_USER")]
    pub db_user: Option<String>,

    /// Another name of `POSTGRES_USER`.
    #[arg(long, env = "DB_USERNAME", value_name = "DB_USERNAME")]
    pub db_username: Option<String>,

    /// Another name of `POSTGRES_PASSWORD`.
    #[arg(long, env = "DB_PASSWORD", value_name = "DB_PASSWORD", hide_env_values = true)]
    pub db_password: Option<Secret>,

    /// Another name of `POSTGRES_DB`.
    #[arg(long, env = "DB_NAME", value_name = "DB_NAME")]
    pub db_name: Option<String>,
}

impl DatabaseArgs {
    /// The variable that says where it is, or would.
    pub fn named(&self) -> &'static str {
        if text(self.database_url_file.as_deref()).is_some() {
            "DATABASE_URL_FILE"
        } else if secret(self.database_url.as_ref()).is_some() {
            "DATABASE_URL"
        } else {
            "POSTGRES_HOST (or DB_HOST)"
        }
    }

    /// The URL, given or put together; `None` when nothing is set.
    pub fn url(&self) -> Result<Option<Secret>, ConfigError> {
        let host = one(
            "POSTGRES_HOST",
            text(self.postgres_host.as_deref()),
            "DB_HOST",
            text(self.db_host.as_deref()),
        )?;
        let port = |port: Option<Port>| port.and_then(Port::get);
        let port = one("POSTGRES_PORT", port(self.postgres_port), "DB_PORT", port(self.db_port))?;
        let user =
            one("DB_USER", text(self.db_user.as_deref()), "DB_USERNAME", text(self.db_username.as_deref()))?;
        let user = one("POSTGRES_USER", text(self.postgres_user.as_deref()), "DB_USER", user)?;
        let password = SecretSetting {
            variable: "POSTGRES_PASSWORD",
            value: self.postgres_password.as_ref(),
            file_flag: "--postgres-password-file",
            file_variable: "POSTGRES_PASSWORD_FILE",
            file: self.postgres_password_file.as_deref(),
        };
        let other = secret(self.db_password.as_ref()).cloned();
        let password = one("POSTGRES_PASSWORD", password.read()?, "DB_PASSWORD", other)?;
        let name =
            one("POSTGRES_DB", text(self.postgres_db.as_deref()), "DB_NAME", text(self.db_name.as_deref()))?;
        let parts = [
            ("POSTGRES_HOST (DB_HOST)", host.is_some()),
            ("POSTGRES_PORT (DB_PORT)", port.is_some()),
            ("POSTGRES_USER (DB_USER)", user.is_some()),
            ("POSTGRES_PASSWORD (DB_PASSWORD)", password.is_some()),
            ("POSTGRES_DB (DB_NAME)", name.is_some()),
        ];
        let url = SecretSetting {
            variable: "DATABASE_URL",
            value: self.database_url.as_ref(),
            file_flag: "--database-url-file",
            file_variable: "DATABASE_URL_FILE",
            file: self.database_url_file.as_deref(),
        };
        if let Some(url) = url.read()? {
            contradiction("DATABASE_URL", &parts)?;
            scheme(&url, &["postgres://", "postgresql://"])
                .map_err(|reason| invalid("--database-url", "DATABASE_URL", reason))?;
            return Ok(Some(url));
        }
        let Some(host) = host else {
            return incomplete(&parts, "POSTGRES_HOST (or DB_HOST, or DATABASE_URL)");
        };
        let Some(user) = user else { return incomplete(&parts, "POSTGRES_USER (or DB_USER)") };
        let Some(name) = name else { return incomplete(&parts, "POSTGRES_DB (or DB_NAME)") };
        let password =
            password.map_or_else(String::new, |password| format!(":{}", encoded(password.expose())));
        let (user, name) = (encoded(user), encoded(name));
        // A path is the folder of the server's socket.
        let host = match host.strip_prefix('/') {
            Some(_) => encoded(host),
            None => in_url("--postgres-host", "POSTGRES_HOST (or DB_HOST)", host)?,
        };
        let url = format!("postgres://{user}{password}@{host}:{}/{name}", port.unwrap_or(5_432));
        Ok(Some(Secret::from(url.as_str())))
    }
}

/// An empty variable is an unset one: that is how compose files and charts unset.
fn text(value: Option<&str>) -> Option<&str> {
    value.filter(|text| !text.is_empty())
}

fn secret(value: Option<&Secret>) -> Option<&Secret> {
    value.filter(|secret| !secret.expose().is_empty())
}

/// Two names of one thing may both be set, to the same.
fn one<T: PartialEq>(
    first: &'static str,
    a: Option<T>,
    second: &'static str,
    b: Option<T>,
) -> Result<Option<T>, ConfigError> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => Err(ConfigError::Contradiction { first, second }),
        (a, b) => Ok(a.or(b)),
    }
}

fn contradiction(first: &'static str, parts: &[(&'static str, bool)]) -> Result<(), ConfigError> {
    let set = parts.iter().find(|(_, set)| *set);
    set.map_or(Ok(()), |(second, _)| Err(ConfigError::Contradiction { first, second }))
}

fn incomplete<T>(parts: &[(&'static str, bool)], missing: &'static str) -> Result<Option<T>, ConfigError> {
    let set = parts.iter().find(|(_, set)| *set);
    set.map_or(Ok(None), |(set, _)| Err(ConfigError::Incomplete { set, missing }))
}

fn scheme(url: &Secret, schemes: &[&str]) -> Result<(), String> {
    let known =
        schemes.iter().any(|scheme| url.expose().len() > scheme.len() && url.expose().starts_with(scheme));
    if known { Ok(()) } else { Err(format!("should begin with {}", schemes.join(" or "))) }
}

fn invalid(flag: &'static str, variable: &'static str, reason: String) -> ConfigError {
    ConfigError::InvalidSecret { flag, variable, reason }
}

/// A host as it stands in a URL: nothing in it may end the host and begin a port, a path or options. An IPv6 address stands
/// in brackets.
fn in_url(flag: &'static str, variable: &'static str, host: &str) -> Result<String, ConfigError> {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if address.parse::<Ipv6Addr>().is_ok() {
        return Ok(format!("[{address}]"));
    }
    if host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Ok(host.to_owned());
    }
    let reason = "should be a host name or an IP address only, without a port".to_owned();
    Err(ConfigError::Invalid { flag, variable, value: host.to_owned(), reason })
}

/// What follows a `?` or `#` would be ignored silently; only a cluster's other nodes are read.
fn no_options(url: &Secret) -> Result<(), String> {
    let Some((address, options)) = url.expose().split_once(['?', '#']) else { return Ok(()) };
    let nodes = options.split('&').all(|option| option.starts_with("node="));
    if address.contains("-cluster://") && nodes {
        return Ok(());
    }
    Err("must not contain `?` or `#`, except `?node=host:port` for a cluster; in a password, write %3F and %23"
        .to_owned())
}

/// All but the unreserved characters of RFC 3986 is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
