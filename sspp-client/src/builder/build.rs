//! How a builder begins and ends: for a client, a client without async, and an emitter in memory.

use super::{BuildError, ClientBuilder};
use crate::client::{Client, MemoryEmitter};

impl Client {
    /// Starts a client of the server at a URL: `https://sspp.example.com`, or the API's own root where it is not below
    /// `/api/v1`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(Some(url.into()))
    }

    /// Starts a client of the server that the environment names (`SSPP_URL`, `SSPP_API_KEY`), else of
    /// `http://127.0.0.1:3000`.
    pub fn from_env() -> ClientBuilder {
        ClientBuilder::new(None)
    }
}

#[cfg(feature = "blocking")]
impl crate::client::blocking::Client {
    /// As [`Client::builder`](crate::Client::builder).
    pub fn builder(url: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(Some(url.into()))
    }

    /// As [`Client::from_env`](crate::Client::from_env).
    pub fn from_env() -> ClientBuilder<Self> {
        ClientBuilder::new(None)
    }
}

impl MemoryEmitter {
    /// An emitter with the settings that the program's client has, by
    /// [`ClientBuilder::in_memory`]; here with a queue that says when it is full.
    ///
    /// ```
    /// use sspp_client::{Error, MemoryEmitter, Overflow, SalesEvent, SignalEmitter};
    /// let emitter = MemoryEmitter::builder().overflow(Overflow::Error).source("crm").build()?;
    /// emitter.full();
    /// let error = emitter.emit(SalesEvent::call_made("acc_1", "user_1")).unwrap_err();
    /// assert!(matches!(error, Error::QueueFull { .. }));
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new(None)
    }
}

impl ClientBuilder {
    /// Builds the client and starts its thread. Nothing is sent yet; a server that is away is no error here.
    ///
    /// # Errors
    /// Names every setting that is not valid.
    pub fn build(self) -> Result<Client, BuildError> {
        self.options.client(environment)
    }
}

#[cfg(feature = "blocking")]
impl ClientBuilder<crate::client::blocking::Client> {
    /// Builds the client and starts its thread. Nothing is sent yet; a server that is away is no error here.
    ///
    /// # Errors
    /// Names every setting that is not valid.
    pub fn build(self) -> Result<crate::client::blocking::Client, BuildError> {
        self.options.client(environment).map(Into::into)
    }
}

impl ClientBuilder<MemoryEmitter> {
    /// Builds the emitter.
    ///
    /// # Errors
    /// Names every setting that is not valid.
    pub fn build(self) -> Result<MemoryEmitter, BuildError> {
        self.options.memory()
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
