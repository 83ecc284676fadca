//! From what was set to a client: code first, then the environment, then defaults; every fault named at once.

use std::sync::Arc;

use http::HeaderValue;
use rustls::RootCertStore;
use sspp_events::{Random, Source, SystemClock, SystemRandom};

use crate::api::Api;
use crate::builder::{BuildError, Options, Secret};
use crate::client::Client;
use crate::core::Core;
use crate::intake::Intake;
use crate::memory::MemoryEmitter;
use crate::notices::Notices;
use crate::settings::Settings;
use crate::stats::Counters;
use crate::transport::{HttpTransport, Proxy, ProxyChoice, Transport, read_roots};
use crate::url::Root;

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
        let valid = self.validate(variable)?;
        let disabled = valid.intake.disabled;
        let exposed = valid.authorization.is_some() && valid.root.is_exposed();
        let transport: Option<Arc<dyn Transport>> = match self.transport {
            _ if disabled => None,
            Some(transport) => Some(transport),
            None => {
                if exposed {
                    tracing::warn!(url = %valid.root, "the API key travels unencrypted: use https");
                }
                let timeout = self.settings.connect_timeout;
                let http = HttpTransport::new(valid.root.is_tls(), timeout, valid.proxy, valid.roots);
                Some(Arc::new(http.map_err(|fault| BuildError::new([fault]))?))
            }
        };
        let clock = self.clock;
        let api = Api::new(transport, valid.root, valid.authorization, &self.settings, Arc::clone(&clock));
        #[cfg(feature = "spool")]
        let disk = match self.spool.filter(|_| !disabled).map(crate::disk::Disk::open).transpose() {
            Ok(disk) => disk,
            Err(error) => return Err(BuildError::new([error.to_string()])),
        };
        #[cfg(not(feature = "spool"))]
        let disk = None;
        Client::start(self.settings, api, valid.intake, self.hooks, (clock, valid.random), disk)
            .map_err(|error| no_thread(&error))
    }

    /// The same rules before a server in memory. What leads to a server, the environment included, does not count.
    pub(crate) fn memory(mut self) -> Result<MemoryEmitter, BuildError> {
        (self.url, self.api_key, self.transport) = (None, None, None);
        (self.proxy, self.root_certificates) = (ProxyChoice::Direct, Vec::new());
        let valid = self.validate(|_| None)?;
        let counters = Arc::new(Counters::default());
        let notices = Notices::start(self.hooks, Arc::clone(&counters)).map_err(|error| no_thread(&error))?;
        let api = Api::new(None, valid.root, None, &self.settings, Arc::clone(&self.clock));
        let outside = (self.clock, valid.random);
        Ok(MemoryEmitter::of(Core::new(self.settings, api, valid.intake, counters, notices, outside, None)))
    }

    fn validate(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Valid, BuildError> {
        let mut faults = self.settings.faults();
        let mut told = |named: &str, fault: String| faults.push(format!("{named} {fault}"));
        let (origin, url) = match &self.url {
            Some(url) => ("the URL", url.clone()),
            None => variable("SSPP_URL").map_or(("the URL", DEFAULT_URL.to_owned()), |url| ("SSPP_URL", url)),
        };
        let root = Root::parse(&url).map_err(|fault| told(origin, fault)).ok();
        let (key_origin, key) = match &self.api_key {
            Some(key) => ("api_key", Some(key.clone())),
            None => ("SSPP_API_KEY", variable("SSPP_API_KEY").map(Secret)),
        };
        let key = key.map(|key| key.0.trim().to_owned());
        let said = self.disabled.map(Ok).or_else(|| variable("SSPP_DISABLED").map(|text| switch(&text)));
        let said = said.transpose().map_err(|fault| told("SSPP_DISABLED", fault)).unwrap_or_default();
        let blank = key.as_ref().is_some_and(String::is_empty);
        let disabled = said.unwrap_or(blank);
        let key = key.filter(|_| !(disabled && blank));
        let authorization = key.as_deref().map(bearer).transpose();
        let authorization = authorization.map_err(|fault| told(key_origin, fault.to_owned())).ok().flatten();
        if let Some(source) = &self.source
            && let Err(fault) = Source::new(source.as_str())
        {
            told("source", fault.to_string());
        }
        let roots = read_roots(&self.root_certificates);
        let roots = roots
            .map_err(|fault| told("root_certificates", fault))
            .unwrap_or_else(|()| RootCertStore::empty());
        // What the environment says about proxies is for clients that need one.
        let direct = disabled || self.transport.is_some();
        let for_proxy = |name: &str| variable(name).filter(|_| !direct);
        let proxy = root.as_ref().map(|root| self.proxy.find(root.as_str(), for_proxy)).transpose();
        let proxy = proxy.map_err(|(origin, fault)| told(origin, fault)).ok().flatten().flatten();
        let (Some(root), true) = (root, faults.is_empty()) else { return Err(BuildError::new(faults)) };
        if disabled {
            let why = if said.is_some() { "as it was told to be" } else { "because its API key is blank" };
            tracing::warn!("the client is disabled, {why}: events are checked and dropped");
        }
        let intake = Intake { source: self.source.clone(), before_send: self.before_send.clone(), disabled };
        let random = self.random.clone().unwrap_or_else(|| Arc::new(SystemRandom::new()));
        Ok(Valid { root, authorization, intake, proxy, roots, random })
    }
}

/// What an emitter in memory has by default.
pub(crate) fn memory_core() -> Core {
    let (settings, counters) = (Settings::default(), Arc::new(Counters::default()));
    let clock = Arc::new(SystemClock);
    let api = Api::new(None, Root::default(), None, &settings, Arc::clone(&clock) as _);
    let notices = Notices::none(Arc::clone(&counters));
    let outside: (_, Arc<dyn Random>) = (clock as _, Arc::new(SystemRandom::new()));
    Core::new(settings, api, Intake::default(), counters, notices, outside, None)
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
        header.map_err(|_| "holds characters that no key has: give it as the server printed it")?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Error;
    use crate::event::SalesEvent;
    use crate::stats::DropReason;

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
        use crate::emitter::SignalEmitter as _;
        let builder = Client::builder("nonsense").api_key(" ").proxy("socks5://p").root_certificates("none");
        assert_eq!(builder.clone().build().unwrap_err().faults().len(), 2);
        let emitter = builder.in_memory().build().unwrap();
        emitter.emit(SalesEvent::call_made("a", "u")).unwrap();
        assert_eq!(emitter.events().len(), 1, "it is not disabled");
    }

    #[test]
    fn the_environment_does_not_turn_off_an_emitter_in_memory() {
        use crate::emitter::SignalEmitter as _;
        let emitter = MemoryEmitter::builder().build().unwrap();
        emitter.emit(SalesEvent::call_made("a", "u")).unwrap();
        assert_eq!(emitter.events().len(), 1);
        let off = MemoryEmitter::builder().disabled(true).build().unwrap();
        off.emit(SalesEvent::call_made("a", "u")).unwrap();
        assert!(matches!(off.emit(SalesEvent::call_made("", "u")), Err(Error::Invalid(_))));
        assert!(off.events().is_empty());
    }
}
