//! The client library, behind a few calls: everything that knows it is here and in `failure`.
//!
//! Its defaults lose or repeat commands on a broken connection; here each command is sent once, fails at once while there
//! is no connection, and fails after its time limit. It takes a connection that is written to for alive, even when nothing
//! comes back: here a connection that answered nothing since a command was sent that timed out is replaced.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fred::clients::WithOptions;
use fred::prelude::{
    Builder, Client, ClientLike as _, Config, ConnectionConfig, Error, ErrorKind, EventInterface as _,
    LuaInterface as _, PerformanceConfig, ReconnectPolicy, Value,
};
use fred::types::config::{Options, TcpConfig};
use fred::types::{ClusterHash, CustomCommand};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::AbortOnDropHandle;

use super::script::Script;
use super::{RedisConfig, RedisOpenError, failure};
use sspp_engine::QueueError;

/// How much longer than it blocks a blocking command may take.
const BLOCK_GRACE: Duration = Duration::from_secs(3);
/// How long the first connection is waited for.
const FIRST_CONNECTION: Duration = Duration::from_millis(500);
/// Connections for waiting that are kept for the next receiver.
const WAITERS_KEPT: usize = 64;

/// A connection, which continues connecting until it is dropped.
struct Connection {
    client: Client,
    /// Why it broke, or was not made, the last time.
    last_error: Arc<Mutex<Option<Error>>>,
    _task: AbortOnDropHandle<Result<(), Error>>,
    _listening: AbortOnDropHandle<()>,
}

impl Connection {
    /// What an error means. Without a connection a command is only canceled, so the cause is that of the connection.
    fn failure(&self, place: &str, error: &Error, waited: Duration) -> QueueError {
        let last = locked(&self.last_error).clone();
        match failure::of(error, waited) {
            QueueError::Unavailable { .. } => {
                let cause =
                    last.as_ref().filter(|_| matches!(error.kind(), ErrorKind::Canceled | ErrorKind::IO));
                QueueError::Unavailable { reason: failure::unreachable(place, cause.unwrap_or(error)) }
            }
            other => other,
        }
    }
}

/// The connection that all calls share.
struct SharedConnection {
    connection: Connection,
    /// When it was made, or last answered anything.
    answered: Instant,
}

/// Connections to one Redis: one that all calls share, and some for calls that wait.
pub(super) struct Link {
    config: Config,
    /// Where it is, for messages.
    place: String,
    shared: Mutex<SharedConnection>,
    waiters: Mutex<Vec<Connection>>,
    timeout: Duration,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// Begins to connect, and continues trying until it is closed.
    pub(super) fn open(settings: &RedisConfig) -> Result<Self, RedisOpenError> {
        let config = Config::from_url(&settings.url)
            .map_err(|error| RedisOpenError::Config(format!("the URL of Redis: {}", error.details())))?;
        let config = Config { fail_fast: false, ..config };
        let hosts: Vec<String> = config.server.hosts().iter().map(ToString::to_string).collect();
        let place = format!("Redis at {}", hosts.join(", "));
        let connection = connect(&config, settings.command_timeout)?;
        let shared = Mutex::new(SharedConnection { connection, answered: Instant::now() });
        Ok(Self { config, place, shared, waiters: Mutex::default(), timeout: settings.command_timeout })
    }

    /// Waits a moment for the first connection, so that a process that starts beside a healthy server does not find it away.
    pub(super) fn first_connection(&self) -> impl Future<Output = ()> + Send + 'static {
        let client = locked(&self.shared).connection.client.clone();
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
        self.send(async |client| {
            let known = client.evalsha(script.digest.as_str(), keys.clone(), args.clone()).await;
            match known {
                // Nothing ran: the server was restarted since, or never saw it.
                Err(error) if error.details().starts_with("NOSCRIPT") => {
                    client.eval(script.text.as_str(), keys, args).await
                }
                answer => answer,
            }
        })
        .await
    }

    /// Sends a command that is no script.
    pub(super) async fn ask(&self, command: &'static str, args: Vec<Value>) -> Result<Value, QueueError> {
        let command = CustomCommand::new_static(command, ClusterHash::FirstKey, false);
        self.send(async |client| client.custom(command, args).await).await
    }

    /// Sends something over the shared connection.
    async fn send(
        &self,
        what: impl AsyncFnOnce(WithOptions<Client>) -> Result<Value, Error>,
    ) -> Result<Value, QueueError> {
        let options = Options {
            max_attempts: Some(1),
            timeout: Some(self.timeout),
            fail_fast: true,
            ..Options::default()
        };
        let (client, sent) = (locked(&self.shared).connection.client.with_options(&options), Instant::now());
        let answer = what(client).await;
        self.heard(&answer, sent);
        answer.map_err(|error| locked(&self.shared).connection.failure(&self.place, &error, self.timeout))
    }

    /// Takes note of an answer, or of its absence: a connection that answered no call since then is replaced.
    fn heard(&self, answer: &Result<Value, Error>, sent: Instant) {
        let mut shared = locked(&self.shared);
        match answer.as_ref().map_err(Error::kind) {
            Err(ErrorKind::Timeout) if shared.answered < sent => match connect(&self.config, self.timeout) {
                Ok(connection) => *shared = SharedConnection { connection, answered: Instant::now() },
                Err(error) => tracing::warn!(%error, "a silent connection could not be replaced"),
            },
            // No answer came.
            Err(ErrorKind::Timeout | ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Backpressure) => {}
            Ok(_) | Err(_) => shared.answered = Instant::now(),
        }
    }

    /// Waits until one of the streams has an entry after the given id, or the time is over; takes nothing.
    pub(super) async fn wait_for_entries(
        &self,
        after: &[(String, String)],
        block: Duration,
    ) -> Result<(), QueueError> {
        let limit = block + BLOCK_GRACE;
        let kept = locked(&self.waiters).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.config, limit)
                .map_err(|error| QueueError::Unavailable { reason: error.to_string() })?,
        };
        let millis = u64::try_from(block.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut args: Vec<Value> =
            vec!["COUNT".into(), "1".into(), "BLOCK".into(), millis.to_string().into(), "STREAMS".into()];
        args.extend(after.iter().map(|(stream, _)| Value::from(stream.as_str())));
        args.extend(after.iter().map(|(_, id)| Value::from(id.as_str())));
        let options = Options { max_attempts: Some(1), timeout: Some(limit), ..Options::default() };
        let command = CustomCommand::new_static("XREAD", ClusterHash::FirstKey, true);
        let answer: Result<Value, Error> =
            connection.client.with_options(&options).custom(command, args).await;
        // After a failure it is in an unknown state, and dropped.
        answer.map_err(|error| connection.failure(&self.place, &error, limit))?;
        let mut waiters = locked(&self.waiters);
        if waiters.len() < WAITERS_KEPT {
            waiters.push(connection);
        }
        Ok(())
    }

    /// Begins to end the connections; the tasks tell when they ended.
    pub(super) fn close(&self) -> Vec<tokio::task::JoinHandle<()>> {
        let mut clients: Vec<_> =
            locked(&self.waiters).iter().map(|connection| connection.client.clone()).collect();
        clients.push(locked(&self.shared).connection.client.clone());
        // A link without a connection has none to end.
        clients.into_iter().map(|client| tokio::spawn(async move { drop(client.quit().await) })).collect()
    }
}

fn connect(config: &Config, timeout: Duration) -> Result<Connection, RedisOpenError> {
    let mut builder = Builder::from_config(config.clone());
    // The library waits by this policy before the first connection too, and adds up to 100 ms by default: every
    // start, and every connection for waiting, would begin with that pause.
    let mut policy = ReconnectPolicy::new_exponential(0, 1, 2_000, 2);
    policy.set_jitter(10);
    builder.set_policy(policy);
    builder.set_connection_config(ConnectionConfig {
        connection_timeout: Duration::from_secs(2),
        internal_command_timeout: Duration::from_secs(2),
        max_command_attempts: 1,
        max_command_buffer_len: 10_000,
        reconnect_on_auth_error: true,
        tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
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
    let last_error = Arc::new(Mutex::new(None));
    let (mut errors, heard) = (client.error_rx(), Arc::clone(&last_error));
    let listening = tokio::spawn(async move {
        loop {
            match errors.recv().await {
                Ok((error, _)) => *locked(&heard) = Some(error),
                // The newest is what counts.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
    let task = AbortOnDropHandle::new(client.connect());
    Ok(Connection { client, last_error, _task: task, _listening: AbortOnDropHandle::new(listening) })
}
