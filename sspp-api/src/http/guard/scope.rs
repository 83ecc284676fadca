//! What a key allows.

use std::fmt;
use std::str::FromStr;

/// One thing that a key may be allowed.
///
/// ```
/// use sspp_api::Scope;
/// assert_eq!("ingest".parse(), Ok(Scope::Ingest));
/// assert_eq!(Scope::Read.as_str(), "read");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Send events.
    Ingest,
    /// Ask for everything that is stored.
    Read,
    /// Change and remove what is stored; includes the other scopes.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Admin];

    /// The scope as it is written in settings and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| format!("there is no scope {text:?}: scopes are ingest, read and admin"))
    }
}

/// One or more scopes: what a key allows, or what an operation asks for one of.
///
/// ```
/// use sspp_api::{Scope, Scopes};
/// let scopes: Scopes = "ingest+read".parse().unwrap();
/// assert!(scopes.allow(Scope::Read) && !scopes.allow(Scope::Admin));
/// let admin: Scopes = "admin".parse().unwrap();
/// assert!(admin.allow(Scope::Ingest));
/// assert_eq!(scopes.to_string(), "ingest+read");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub(crate) const INGEST: Self = Self(Scope::Ingest.bit());
    pub(crate) const READ: Self = Self(Scope::Read.bit());
    pub(crate) const ADMIN: Self = Self(Scope::Admin.bit());
    pub(crate) const INGEST_OR_READ: Self = Self(Self::INGEST.0 | Self::READ.0);

    /// Whether a scope is among these; `admin` brings the others along.
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// Whether a key with these scopes may do what asks for one of `needed`.
    pub(crate) fn allow_one_of(self, needed: Self) -> bool {
        needed.list().any(|scope| self.allow(scope))
    }

    /// The scopes in their order.
    pub(crate) fn list(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bit() != 0)
    }

    pub(crate) fn joined(self, between: &str) -> String {
        self.list().map(Scope::as_str).collect::<Vec<_>>().join(between)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined("+"))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bits = text
            .split('+')
            .try_fold(0, |bits, scope| Ok::<_, String>(bits | scope.parse::<Scope>()?.bit()))?;
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written_the_same_way() {
        for text in ["ingest", "read", "admin", "ingest+read", "ingest+read+admin"] {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
        assert_eq!("read+ingest+read".parse::<Scopes>().unwrap().to_string(), "ingest+read");
        for bad in ["", "+", "write", "ingest+", "Ingest", "ingest,read", "ingest read"] {
            assert!(bad.parse::<Scopes>().unwrap_err().contains("ingest, read and admin"), "{bad}");
        }
    }

    #[test]
    fn only_admin_brings_others_along() {
        let may = |key: &str, needed: Scopes| key.parse::<Scopes>().unwrap().allow_one_of(needed);
        assert!(
            may("ingest", Scopes::INGEST) && !may("ingest", Scopes::READ) && !may("ingest", Scopes::ADMIN)
        );
        assert!(may("read", Scopes::READ) && !may("read", Scopes::INGEST) && !may("read", Scopes::ADMIN));
        assert!(may("admin", Scopes::INGEST) && may("admin", Scopes::READ) && may("admin", Scopes::ADMIN));
        assert!(may("ingest", Scopes::INGEST_OR_READ) && may("read", Scopes::INGEST_OR_READ));
        assert!(!may("ingest+read", Scopes::ADMIN));
    }
}
