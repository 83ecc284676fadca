//! What the process prints when it starts: its addresses, its data, and whether keys are needed.

use std::io::Write as _;
use std::net::SocketAddr;

use sspp_runtime::Backends;

use crate::config::{Config, full_path};
use crate::http::DOCS_PATH;
use crate::state::App;

/// What the service runs on, in words.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What it runs on.
    on: &'static str,
    /// Where the data is; empty where only the file knows, once it is there.
    data: String,
    /// Who scores.
    scoring: &'static str,
    /// Settings that are given and do nothing here.
    unused: Vec<&'static str>,
}

impl Shape {
    pub(crate) fn of(backends: &Backends, config: &Config) -> Self {
        let of_queue = config.backends.queue.changed();
        match backends {
            Backends::Sqlite => {
                Self { on: "SQLite", data: String::new(), scoring: "this process scores", unused: of_queue }
            }
            Backends::Postgres(postgres) => Self {
                on: "PostgreSQL alone",
                data: postgres.place().unwrap_or_default(),
                scoring: "every sspp-api scores the events that it accepts; no worker is needed",
                unused: of_queue,
            },
            Backends::RedisAndPostgres(_, postgres) => Self {
                on: "Redis and PostgreSQL",
                data: format!("the queue is on Redis, the store is {}", postgres.place().unwrap_or_default()),
                scoring: "sspp-worker scores",
                unused: config.retention.given(),
            },
        }
    }
}

/// Says where everything is; a closed standard output is no reason to stop.
pub(crate) fn announce(config: &Config, app: &App, address: SocketAddr, shape: Shape) {
    let state = &app.0;
    let model = &state.ports.model;
    let event_type = model.event_rules().first().map_or("email_opened", |rule| rule.event_type.as_str());
    let base = format!("http://{address}");
    let prefix = &state.settings.prefix;
    let Shape { on, mut data, scoring, unused } = shape;
    if data.is_empty() {
        data = format!("{} (SQLite)", full_path(config.data.path()).display());
    }
    let intake = if state.is_direct() { "direct" } else { "queued" };
    tracing::info!(shape = on, intake, data, scoring, "started");
    if !unused.is_empty() {
        let why = if state.is_direct() {
            "there is no queue without REDIS_URL"
        } else {
            "with Redis, sspp-worker does the retention: set them there"
        };
        tracing::warn!(settings = unused.join(", "), why, "set, but not used by this process");
    }
    let now = state.now();
    drop(write!(
        std::io::stdout().lock(),
        "SSPP listens on {base}\n\
         docs:  {base}{DOCS_PATH}\n\
         data:  {data}; {scoring}\n\
         model: {name} version {version}\n\
         try:   curl -X POST {base}{prefix}/events -H 'content-type: application/json' {key}-d \
         '{{\"accountId\":\"acc_1\",\"userId\":\"user_1\",\"eventType\":\"{event_type}\",\"timestamp\":\"{now}\"}}'\n",
        key = if state.settings.keys.is_empty() { "" } else { "-H \"x-api-key: $SSPP_API_KEY\" " },
        name = model.name(),
        version = model.version(),
    ));
    drop(std::io::stdout().flush());
    if !state.settings.keys.is_empty() {
        tracing::info!(keys = ?state.settings.keys, "requests need one of these keys");
    }
    if config.guard.allow_anonymous && !config.bind.is_loopback() {
        tracing::warn!(
            %address,
            allowed_hosts = %state.settings.allowed_hosts,
            "anyone who can reach this address can read and write: --allow-anonymous is set"
        );
    }
}
