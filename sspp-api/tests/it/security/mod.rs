//! What strangers and careless clients try.

mod keygen;
mod scopes;
