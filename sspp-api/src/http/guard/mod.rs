//! Authentication and limits: keys, scopes, client addresses, the rate limit, browsers of other origins.
//!
//! - `scope`: what a key allows
//! - `keys`: the configured keys, known by their digests alone
//! - `keygen`: a new key
//! - `args`: the settings
//! - `rate_limit`, `client_address`: how often, and from where
//! - `cors`: pages of other origins
//! - `handshake`: senders of webhooks that ask before they send
//! - `doorkeeper`: checks requests against all of these

mod args;
mod client_address;
mod cors;
mod doorkeeper;
mod handshake;
mod keygen;
mod keys;
mod rate_limit;
mod scope;

pub use args::GuardArgs;
pub use client_address::TrustedProxies;
pub use cors::CorsOrigins;
pub use keygen::NewKey;
pub use keys::{ApiKeys, ApiKeysFault};
pub use rate_limit::{Rate, RateLimit};
pub use scope::{Scope, Scopes};

pub(crate) use doorkeeper::{Caller, Doorkeeper};
pub(crate) use handshake::handshake;
pub(crate) use keys::check_name;
pub(crate) use rate_limit::Allowance;
