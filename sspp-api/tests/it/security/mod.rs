//! What strangers and careless clients try.

mod bombs;
mod browsers;
mod early;
mod hosts;
mod injection;
mod keygen;
mod rate_limit;
mod scopes;
mod slow;
mod wire;
