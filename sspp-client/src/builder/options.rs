//! The settings of a client as they were set, before they are checked.

use std::sync::Arc;

use sspp_events::{Clock, Random, SystemClock};

use crate::outbox::{BeforeSend, Hooks};
use crate::settings::Settings;
use crate::transport::{ProxyChoice, Secret, Transport};

/// What was set.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) url: Option<String>,
    pub(crate) api_key: Option<Secret>,
    pub(crate) disabled: Option<bool>,
    pub(crate) source: Option<String>,
    pub(crate) before_send: Option<BeforeSend>,
    pub(crate) settings: Settings,
    pub(crate) proxy: ProxyChoice,
    /// Hidden, as it may be a private key by mistake.
    pub(crate) root_certificates: Vec<Secret<Vec<u8>>>,
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) hooks: Hooks,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Option<Arc<dyn Random>>,
    #[cfg(feature = "spool")]
    pub(crate) spool: Option<crate::spool::SpoolConfig>,
}

impl Options {
    pub(crate) fn new(url: Option<String>) -> Self {
        Self {
            url,
            api_key: None,
            disabled: None,
            source: None,
            before_send: None,
            settings: Settings::default(),
            proxy: ProxyChoice::default(),
            root_certificates: Vec::new(),
            transport: None,
            hooks: Hooks::default(),
            clock: Arc::new(SystemClock),
            random: None,
            #[cfg(feature = "spool")]
            spool: None,
        }
    }
}
