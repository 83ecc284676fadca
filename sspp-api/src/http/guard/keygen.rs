//! A new key: the secret for its user, and the line for the settings.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::Scopes;
use super::keys::check_name;

/// Every key begins so: scanners for leaked secrets, and people, know one when they see it.
const PREFIX: &str = "sspp_";

/// A key that was just made. It is nowhere else, and cannot be made again.
///
/// ```
/// let key = sspp_api::NewKey::make("crm", "ingest".parse().unwrap()).unwrap();
/// assert!(key.secret().starts_with("sspp_") && key.line().starts_with("crm:ingest:"));
/// assert!(!format!("{key:?}").contains(key.secret()));
/// ```
pub struct NewKey {
    name: String,
    scopes: Scopes,
    secret: String,
}

impl NewKey {
    /// Makes a key of 256 random bits. Fails for a name that settings cannot hold, and where the system has no randomness.
    pub fn make(name: &str, scopes: Scopes) -> Result<Self, String> {
        check_name(name)?;
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| format!("the operating system gave no random bytes: {error}"))?;
        Ok(Self { name: name.to_owned(), scopes, secret: format!("{PREFIX}{}", hexadecimal(&random)) })
    }

    /// The key itself: what a client sends.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// What the settings hold: `name:scopes:sha256`.
    pub fn line(&self) -> String {
        format!("{}:{}:{}", self.name, self.scopes, hexadecimal(&Sha256::digest(&self.secret)))
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({}:{})", self.name, self.scopes)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_are_the_same_and_a_bad_name_makes_none() {
        let make = || NewKey::make("a", Scopes::READ).unwrap();
        let (one, other) = (make(), make());
        assert_ne!(one.secret(), other.secret());
        assert_eq!(one.secret().len(), PREFIX.len() + 64);
        assert!(NewKey::make("a b", Scopes::READ).unwrap_err().contains("name"));
        assert!(NewKey::make("a:b", Scopes::READ).is_err());
    }

    #[test]
    fn the_line_holds_the_digest_that_other_tools_compute() {
        let key = NewKey { name: "a".to_owned(), scopes: Scopes::READ, secret: "abc".to_owned() };
        assert_eq!(key.line(), "a:read:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
