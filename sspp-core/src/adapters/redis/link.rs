//! The client library, behind a few calls: everything that knows it is here and in `failure`.
//!
//! Its defaults lose or repeat commands on a broken connection; here each command is sent once, fails at once while there
//! is no connection, and fails after its time limit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fred::prelude::{
    Builder, Client, ClientLike as _, Config, ConnectionConfig, Error, ErrorKind, LuaInterface as _,
    PerformanceConfig, ReconnectPolicy, Value,
};
use fred::types::config::{Options, TcpConfig, UnresponsiveConfig};
use fred::types::{ClusterHash, CustomCommand};

use super::script::Script;
use super::{RedisConfig, RedisOpenError, failure};
use crate::QueueError;

/// How much longer than it blocks a blocking command may take.
const BLOCK_GRACE: Duration = Duration::from_secs(3);
/// How long the first connection is waited for.
const FIRST_CONNECTION: Duration = Duration::from_millis(500);
/// Connections for waiting that are kept for the next receiver.
const WAITERS_KEPT: usize = 64;

/// Connections to one Redis: one that everybody shares, and some for those who wait.
pub(super) struct Link {
    config: Config,
    shared: Client,
    waiters: Mutex<Vec<Client>>,
    timeout: Duration,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// Begins to connect, and goes on trying until it is closed.
    pub(super) fn open(settings: &RedisConfig) -> Result<Self, RedisOpenError> {
        let config = Config::from_url(&settings.url)
            .map_err(|error| RedisOpenError::Config(format!("the URL of Redis: {}", error.details())))?;
        let config = Config { fail_fast: false, ..config };
        let shared = connect(&config, settings.command_timeout, true)?;
        Ok(Self { config, shared, waiters: Mutex::default(), timeout: settings.command_timeout })
    }

    /// Waits a moment for the first connection, so that who starts beside a healthy server is not told it is away.
    pub(super) fn first_connection(&self) -> impl Future<Output = ()> + Send + 'static {
        let client = self.shared.clone();
        let connected = tokio::spawn(async move { drop(client.wait_for_connect().await) });
        async move { drop(tokio::time::timeout(FIRST_CONNECTION, connected).await) }
    }

    pub(super) fn is_clustered(&self) -> bool {
        self.config.server.is_clustered()
    }

    /// Runs a script on a shard's keys.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: Vec<String>,
        args: Vec<Value>,
    ) -> Result<Value, QueueError> {
        let options = Options {
            max_attempts: Some(1),
            timeout: Some(self.timeout),
            fail_fast: true,
            ..Options::default()
        };
        let client = self.shared.with_options(&options);
        let known = client.evalsha(script.digest.as_str(), keys.clone(), args.clone()).await;
        let answer = match known {
            // Nothing ran: the server was restarted since, or never saw it.
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                client.eval(script.text.as_str(), keys, args).await
            }
            answer => answer,
        };
        answer.map_err(|error: Error| failure::of(&error, self.timeout))
    }

    /// Sends a command that is no script.
    pub(super) async fn ask(&self, command: &'static str, args: Vec<Value>) -> Result<Value, QueueError> {
        let options = Options {
            max_attempts: Some(1),
            timeout: Some(self.timeout),
            fail_fast: true,
            ..Options::default()
        };
        let command = CustomCommand::new_static(command, ClusterHash::FirstKey, false);
        let answer = self.shared.with_options(&options).custom(command, args).await;
        answer.map_err(|error: Error| failure::of(&error, self.timeout))
    }

    /// Waits until one of the streams has an entry after the given id, or the time is over; takes nothing.
    pub(super) async fn wait_for_entries(
        &self,
        after: &[(String, String)],
        block: Duration,
    ) -> Result<(), QueueError> {
        let limit = block + BLOCK_GRACE;
        let client = self.waiters.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let client = match client {
            Some(client) => client,
            None => connect(&self.config, limit, false)
                .map_err(|error| QueueError::Unavailable { reason: error.to_string() })?,
        };
        let millis = u64::try_from(block.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut args: Vec<Value> =
            vec!["COUNT".into(), "1".into(), "BLOCK".into(), millis.to_string().into(), "STREAMS".into()];
        args.extend(after.iter().map(|(stream, _)| Value::from(stream.as_str())));
        args.extend(after.iter().map(|(_, id)| Value::from(id.as_str())));
        let options = Options { max_attempts: Some(1), timeout: Some(limit), ..Options::default() };
        let command = CustomCommand::new_static("XREAD", ClusterHash::FirstKey, true);
        let answer: Result<Value, Error> = client.with_options(&options).custom(command, args).await;
        match answer {
            Ok(_) => {
                let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
                if waiters.len() < WAITERS_KEPT {
                    waiters.push(client);
                }
                Ok(())
            }
            // It is in an unknown state, and dropped with its connection.
            Err(error) => {
                tokio::spawn(async move { client.quit().await });
                Err(failure::of(&error, limit))
            }
        }
    }

    /// Begins to end the connections; the tasks tell when they ended.
    pub(super) fn close(&self) -> Vec<tokio::task::JoinHandle<()>> {
        let mut clients = std::mem::take(&mut *self.waiters.lock().unwrap_or_else(PoisonError::into_inner));
        clients.push(self.shared.clone());
        // One that is not connected has nothing to say goodbye to.
        clients.into_iter().map(|client| tokio::spawn(async move { drop(client.quit().await) })).collect()
    }
}

fn connect(config: &Config, timeout: Duration, responsive: bool) -> Result<Client, RedisOpenError> {
    let mut builder = Builder::from_config(config.clone());
    builder.set_policy(ReconnectPolicy::new_exponential(0, 50, 2_000, 2));
    builder.set_connection_config(ConnectionConfig {
        connection_timeout: Duration::from_secs(2),
        internal_command_timeout: Duration::from_secs(2),
        max_command_attempts: 1,
        max_command_buffer_len: 10_000,
        reconnect_on_auth_error: true,
        tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
        unresponsive: UnresponsiveConfig {
            max_timeout: responsive.then(|| timeout * 2),
            interval: Duration::from_secs(1),
        },
        ..ConnectionConfig::default()
    });
    builder.set_performance_config(PerformanceConfig {
        default_command_timeout: timeout,
        ..PerformanceConfig::default()
    });
    let client = builder.build().map_err(|error: Error| match error.kind() {
        ErrorKind::Config | ErrorKind::Url => RedisOpenError::Config(error.details().to_owned()),
        _ => RedisOpenError::Config(format!("a client of Redis cannot be made: {}", error.details())),
    })?;
    // The task ends when the client quits.
    drop(client.connect());
    Ok(client)
}
