//! From what was set to a client: code first, then the environment, then defaults; every fault named at once.

use std::sync::Arc;

use http::HeaderValue;
use rustls::RootCertStore;
use sspp_events::{Clock, Random, Source, SystemClock, SystemRandom};

use super::BuildError;
use super::options::Options;
use crate::api::{Api, Root};
use crate::client::{Client, MemoryEmitter};
use crate::outbox::{Callbacks, Intake, Outbox, Queue, Store};
use crate::settings::Settings;
use crate::transport::{HttpTransport, Proxy, ProxyChoice, Secret, Transport, read_roots};

/// The server of a developer's machine.
const DEFAULT_URL: &str = "http://127.0.0.1:3000";

/// What was set and is valid, as far as both a client and an emitter in memory need it.
struct Valid {
    root: Root,
    authorization: Option<HeaderValue>,
    intake: Intake,
    proxy: Option<Proxy>,
    roots: RootCertStore,
    random: Arc<dyn Random>,
}

impl Options {
    /// Builds with an environment that is given.
    pub(crate) fn client(self, variable: impl Fn(&str) -> Option<String>) -> Result<Client, BuildError> {
        Client::start(self.outbox(variable)?).map_err(|error| no_thread(&error))
    }

    /// The outbox of a client.
    pub(crate) fn outbox(self, variable: impl Fn(&str) -> Option<String>) -> Result<Outbox, BuildError> {
        let valid = self.validate(variable)?;
        let disabled = valid.intake.disabled;
        let exposed = valid.authorization.is_some() && valid.root.is_exposed();
        let transport: Option<Arc<dyn Transport>> = match self.transport {
            _ if disabled => None,
            Some(transport) => Some(transport),
            None => {
                if exposed {
                    tracing::warn!(url = %valid.root, "the API key is sent unencrypted: use https");
                }
                let timeout = self.settings.connect_timeout;
                let http = HttpTransport::new(valid.root.is_tls(), timeout, valid.proxy, valid.roots);
                Some(Arc::new(http.map_err(|fault| BuildError::new([fault]))?))
            }
        };
        let api =
            Api::new(transport, valid.root, valid.authorization, &self.settings, Arc::clone(&self.clock));
        #[cfg(feature = "spool")]
        let store: Arc<dyn Store> = match self.spool.filter(|_| !disabled) {
            None => Arc::new(Queue::new(&self.settings)),
            Some(config) => {
                let spool = crate::outbox::SpoolStore::open(config, &self.settings);
                Arc::new(spool.map_err(|error| BuildError::new([error.to_string()]))?)
            }
        };
        #[cfg(not(feature = "spool"))]
        let store: Arc<dyn Store> = Arc::new(Queue::new(&self.settings));
        let callbacks = Callbacks::start(self.hooks).map_err(|error| no_thread(&error))?;
        Ok(Outbox::new(self.settings, api, valid.intake, store, callbacks, self.clock, valid.random))
    }

    /// The same rules before a server in memory. What leads to a server, the environment included, does not count.
    pub(crate) fn memory(mut self) -> Result<MemoryEmitter, BuildError> {
        (self.url, self.api_key, self.transport) = (None, None, None);
        (self.proxy, self.root_certificates) = (ProxyChoice::Direct, Vec::new());
        let Valid { root, intake, random, .. } = self.validate(|_| None)?;
        let callbacks = Callbacks::start(self.hooks).map_err(|error| no_thread(&error))?;
        Ok(in_memory(self.settings, root, intake, callbacks, self.clock, random))
    }

    fn validate(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Valid, BuildError> {
        let mut faults = self.settings.faults();
        let mut add = |named: &str, fault: String| faults.push(format!("{named} {fault}"));
        let (origin, url) = match &self.url {
            Some(url) => ("the URL", url.clone()),
            None => variable("SSPP_URL").map_or(("the URL", DEFAULT_URL.to_owned()), |url| ("SSPP_URL", url)),
        };
        let root = Root::parse(&url).map_err(|fault| add(origin, fault)).ok();
        let (key_origin, key) = match &self.api_key {
            Some(key) => ("api_key", Some(key.clone())),
            None => ("SSPP_API_KEY", variable("SSPP_API_KEY").map(Secret)),
        };
        let key = key.map(|key| key.0.trim().to_owned());
        let said = self.disabled.map(Ok).or_else(|| variable("SSPP_DISABLED").map(|text| switch(&text)));
        let said = said.transpose().map_err(|fault| add("SSPP_DISABLED", fault)).unwrap_or_default();
        let blank = key.as_ref().is_some_and(String::is_empty);
        let disabled = said.unwrap_or(blank);
        let key = key.filter(|_| !(disabled && blank));
        let authorization = key.as_deref().map(bearer).transpose();
        let authorization = authorization.map_err(|fault| add(key_origin, fault.to_owned())).ok().flatten();
        if let Some(source) = &self.source
            && let Err(fault) = Source::new(source.as_str())
        {
            add("source", fault.to_string());
        }
        let roots = read_roots(&self.root_certificates);
        let roots = roots
            .map_err(|fault| add("root_certificates", fault))
            .unwrap_or_else(|()| RootCertStore::empty());
        // What the environment says about proxies is for clients that need one.
        let direct = disabled || self.transport.is_some();
        let for_proxy = |name: &str| variable(name).filter(|_| !direct);
        let proxy = root.as_ref().map(|root| self.proxy.find(root.as_str(), for_proxy)).transpose();
        let proxy = proxy.map_err(|(origin, fault)| add(origin, fault)).ok().flatten().flatten();
        let (Some(root), true) = (root, faults.is_empty()) else { return Err(BuildError::new(faults)) };
        if disabled {
            let why = if said.is_some() { "by its settings" } else { "because its API key is blank" };
            tracing::warn!("the client is disabled, {why}: events are checked and dropped");
        }
        let intake = Intake { source: self.source.clone(), before_send: self.before_send.clone(), disabled };
        let random = self.random.clone().unwrap_or_else(|| Arc::new(SystemRandom::new()));
        Ok(Valid { root, authorization, intake, proxy, roots, random })
    }
}

impl MemoryEmitter {
    /// An emitter with the client's defaults, that has kept nothing yet.
    pub fn new() -> Self {
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::new()));
        in_memory(
            Settings::default(),
            Root::default(),
            Intake::default(),
            Callbacks::default(),
            clock,
            random,
        )
    }
}

impl Default for MemoryEmitter {
    fn default() -> Self {
        Self::new()
    }
}

fn in_memory(
    settings: Settings,
    root: Root,
    intake: Intake,
    callbacks: Callbacks,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> MemoryEmitter {
    let api = Api::new(None, root, None, &settings, Arc::clone(&clock));
    let queue = Arc::new(Queue::new(&settings));
    let store: Arc<dyn Store> = Arc::clone(&queue) as _;
    MemoryEmitter::over(Outbox::new(settings, api, intake, store, callbacks, clock, random), queue)
}

fn no_thread(error: &std::io::Error) -> BuildError {
    BuildError::new([format!("no thread for the client could be started: {error}")])
}

fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(format!("is {text:?}: give true or false")),
    }
}

/// The key is in no message.
fn bearer(key: &str) -> Result<HeaderValue, &'static str> {
    if key.is_empty() {
        return Err("is empty: give a key, or leave it out");
    }
    let header = HeaderValue::from_str(&format!("Bearer {key}"));
    let mut header =
        header.map_err(|_| "contains invalid characters: use the key as the server printed it")?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::errors::Error;
    use crate::event::SalesEvent;
    use crate::outbox::DropReason;

    fn options(url: Option<&str>) -> Options {
        Options::new(url.map(str::to_owned))
    }

    #[test]
    fn code_comes_before_the_environment_and_the_environment_before_defaults() {
        let environment = |name: &str| (name == "SSPP_URL").then(|| "http://from.env:1".to_owned());
        let url = |options: Options| options.client(environment).unwrap().url().to_owned();
        assert_eq!(url(options(None)), "http://from.env:1/api/v1");
        assert_eq!(url(options(Some("http://from.code:1"))), "http://from.code:1/api/v1");
        assert_eq!(options(None).client(|_| None).unwrap().url(), "http://127.0.0.1:3000/api/v1");
        assert_eq!(Root::default(), Root::parse(DEFAULT_URL).unwrap());
    }

    #[test]
    fn every_fault_is_named_at_once_and_no_secret_is_shown() {
        let environment = |name: &str| {
            let value = match name {
                "SSPP_URL" => "nonsense",
                "SSPP_API_KEY" => "se\ncret",
                "SSPP_DISABLED" => "perhaps",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let builder = Client::from_env().queue_events(0).in_flight(65).request_timeout(Duration::ZERO);
        let builder = builder.source("").root_certificates("no certificate");
        let error = builder.options.client(environment).unwrap_err();
        let named = [
            "queue_events",
            "in_flight",
            "request_timeout",
            "SSPP_URL",
            "SSPP_API_KEY",
            "SSPP_DISABLED",
            "source",
            "root_certificates",
        ];
        for part in named {
            assert!(error.faults().iter().any(|fault| fault.starts_with(part)), "{part} in {error}");
        }
        assert_eq!(error.faults().len(), named.len(), "{error}");
        assert!(!error.to_string().contains("cret"), "{error}");
        let builder = Client::from_env().api_key("hush-hush").proxy("http://ada:hush@proxy.example:1");
        let with_key = builder.clone().root_certificates("hush");
        assert!(!format!("{with_key:?}").contains(&format!("{:?}", b"hush")), "{with_key:?}");
        assert!(!format!("{builder:?}").contains("hush"));
        let client = builder.options.client(|_| None).unwrap();
        assert!(!format!("{client:?}").contains("hush"));
    }

    fn is_disabled(options: Options, environment: &[(&str, &str)]) -> Result<bool, BuildError> {
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let client = options.client(variable)?;
        client.emit(SalesEvent::call_made("a", "u")).unwrap();
        Ok(client.stats().dropped_by(DropReason::Disabled) == 1)
    }

    #[test]
    fn the_off_switch_is_code_then_the_environment_then_a_blank_key() {
        let blank = || Client::from_env().api_key(" ").options;
        assert_eq!(is_disabled(options(None), &[]), Ok(false));
        assert_eq!(is_disabled(options(None), &[("SSPP_DISABLED", "1")]), Ok(true));
        assert_eq!(is_disabled(options(None), &[("SSPP_DISABLED", "FALSE")]), Ok(false));
        assert_eq!(is_disabled(options(None), &[("SSPP_API_KEY", " ")]), Ok(true));
        assert_eq!(is_disabled(blank(), &[("SSPP_API_KEY", "key")]), Ok(true));
        let on = Client::from_env().disabled(false);
        assert_eq!(is_disabled(on.clone().options, &[("SSPP_DISABLED", "true")]), Ok(false));
        let wanted = is_disabled(on.api_key("").options, &[]).unwrap_err();
        assert_eq!(wanted.faults(), ["api_key is empty: give a key, or leave it out"]);
        let wanted = is_disabled(blank(), &[("SSPP_DISABLED", "0")]).unwrap_err();
        assert_eq!(wanted.faults(), ["api_key is empty: give a key, or leave it out"]);
    }

    #[test]
    fn a_proxy_of_the_environment_is_a_fault_only_where_it_is_needed() {
        let environment = |name: &str| (name == "ALL_PROXY").then(|| "socks5://proxy.example:1".to_owned());
        let remote = || Client::builder("https://sspp.example.com");
        let error = remote().options.client(environment).unwrap_err();
        assert!(error.faults()[0].starts_with("ALL_PROXY "), "{error}");
        for builder in [remote().no_proxy(), remote().disabled(true), Client::from_env()] {
            builder.options.client(environment).unwrap();
        }
        remote().in_memory().build().unwrap();
        let transport =
            HttpTransport::new(false, Duration::from_secs(1), None, RootCertStore::empty()).unwrap();
        remote().transport(Arc::new(transport)).options.client(environment).unwrap();
    }

    #[test]
    fn what_leads_to_a_server_does_not_count_for_an_emitter_in_memory() {
        use crate::client::SignalEmitter as _;
        let builder = Client::builder("nonsense").api_key(" ").proxy("socks5://p").root_certificates("none");
        assert_eq!(builder.clone().build().unwrap_err().faults().len(), 2);
        let emitter = builder.in_memory().build().unwrap();
        emitter.emit(SalesEvent::call_made("a", "u")).unwrap();
        assert_eq!(emitter.events().len(), 1, "it is not disabled");
    }

    #[test]
    fn the_environment_does_not_turn_off_an_emitter_in_memory() {
        use crate::client::SignalEmitter as _;
        let emitter = MemoryEmitter::builder().build().unwrap();
        emitter.emit(SalesEvent::call_made("a", "u")).unwrap();
        assert_eq!(emitter.events().len(), 1);
        let off = MemoryEmitter::builder().disabled(true).build().unwrap();
        off.emit(SalesEvent::call_made("a", "u")).unwrap();
        assert!(matches!(off.emit(SalesEvent::call_made("", "u")), Err(Error::Invalid(_))));
        assert!(off.events().is_empty());
    }
}
