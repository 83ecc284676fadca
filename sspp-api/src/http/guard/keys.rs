//! The configured keys. Only their SHA-256 digests are known here: so reading the settings gives no usable key.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use super::Scopes;

/// The most characters of a key's name.
const NAME_MAX: usize = 64;

/// One configured key.
pub(crate) struct ApiKey {
    pub(crate) name: Arc<str>,
    pub(crate) scopes: Scopes,
    digest: [u8; 32],
}

/// The keys that are accepted; with none, no key is needed.
///
/// ```
/// use sspp_api::ApiKeys;
/// let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/// let keys = ApiKeys::parse(&format!("crm:ingest:{digest}, # a comment\n")).unwrap();
/// assert_eq!(keys.len(), 1);
/// assert!(!format!("{keys:?}").contains("ba78"));
/// ```
#[derive(Default)]
pub struct ApiKeys(Vec<ApiKey>);

/// Why keys cannot be used. Names the entry, and never shows what may be a secret.
///
/// ```
/// let fault = sspp_api::ApiKeys::parse("crm:ingest:s3cret").unwrap_err();
/// assert!(fault.to_string().contains("key 1 (\"crm\")") && !fault.to_string().contains("s3cret"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}; `sspp-api keygen` prints a valid line")]
pub struct ApiKeysFault {
    place: String,
    reason: String,
}

impl ApiKeys {
    /// Reads `name:scopes:sha256` entries between commas or white space; `#` begins a comment until the end of the line.
    pub fn parse(text: &str) -> Result<Self, ApiKeysFault> {
        let mut keys = Self::default();
        let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(before, _)| before));
        let entries = lines.flat_map(|line| line.split(|c: char| c == ',' || c.is_whitespace()));
        for (at, entry) in entries.filter(|entry| !entry.is_empty()).enumerate() {
            keys.0.push(entry_of(at + 1, entry)?);
        }
        keys.unique()
    }

    /// These keys and others; no name and no key may be in both.
    pub fn and(mut self, others: Self) -> Result<Self, ApiKeysFault> {
        self.0.extend(others.0);
        self.unique()
    }

    /// How many keys there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none, so that no key is needed.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that a caller shows.
    pub(crate) fn find(&self, shown: &[u8]) -> Option<&ApiKey> {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        self.find_by(|key| key.digest.ct_eq(&shown))
    }

    /// Looks at every key, whether or not one before it was right, and remembers the place without a branch.
    fn find_by(&self, mut same: impl FnMut(&ApiKey) -> Choice) -> Option<&ApiKey> {
        let mut found = u64::MAX;
        for (at, key) in (0_u64..).zip(&self.0) {
            found.conditional_assign(&at, same(key));
        }
        self.0.get(usize::try_from(found).ok()?)
    }

    fn unique(self) -> Result<Self, ApiKeysFault> {
        let (mut names, mut digests) = (HashSet::new(), HashSet::new());
        for key in &self.0 {
            let place = format!("key {:?}", key.name);
            if !names.insert(&key.name) {
                return Err(ApiKeysFault {
                    place,
                    reason: "appears twice; give each key its own name".to_owned(),
                });
            }
            if !digests.insert(key.digest) {
                return Err(ApiKeysFault { place, reason: "is the same key as another one".to_owned() });
            }
        }
        Ok(self)
    }
}

fn entry_of(number: usize, entry: &str) -> Result<ApiKey, ApiKeysFault> {
    let mut parts = entry.split(':');
    let (name, scopes, digest) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    // What is no name may be a secret that got into its place.
    let shape = check_name(name);
    let place = if shape.is_ok() && scopes.is_some() {
        format!("key {number} ({name:?})")
    } else {
        format!("key {number}")
    };
    let fault = |reason: String| ApiKeysFault { place: place.clone(), reason };
    let (Some(scopes), Some(digest), None) = (scopes, digest, parts.next()) else {
        return Err(fault("should be name:scopes:sha256, such as crm:ingest+read:9f86d0…".to_owned()));
    };
    shape.map_err(fault)?;
    let scopes = scopes.parse::<Scopes>().map_err(|_| {
        fault("the second part should be scopes joined by '+': ingest, read and admin".to_owned())
    })?;
    let digest = digest_of(digest).ok_or_else(|| {
        fault(
            "the third part should be the key's SHA-256 in 64 hexadecimal digits, not the key itself"
                .to_owned(),
        )
    })?;
    Ok(ApiKey { name: name.into(), scopes, digest })
}

/// Names are shown in logs and may be looked for there.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(allowed) {
        return Err(format!("a key's name should be 1 to {NAME_MAX} letters, digits, '-', '_' and '.'"));
    }
    Ok(())
}

fn digest_of(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.scopes)
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::guard::NewKey;

    fn ring(count: usize) -> (Vec<NewKey>, ApiKeys) {
        let made: Vec<_> =
            (0..count).map(|at| NewKey::make(&format!("key{at}"), Scopes::READ).unwrap()).collect();
        let lines: Vec<_> = made.iter().map(NewKey::line).collect();
        let keys = ApiKeys::parse(&lines.join("\n")).unwrap();
        (made, keys)
    }

    #[test]
    fn a_key_is_found_by_what_was_shown_and_by_nothing_else() {
        let (made, keys) = ring(5);
        for (at, key) in made.iter().enumerate() {
            assert_eq!(keys.find(key.secret().as_bytes()).unwrap().name, format!("key{at}").into());
            assert!(keys.find(&key.secret().as_bytes()[1..]).is_none());
            assert!(keys.find(key.line().rsplit(':').next().unwrap().as_bytes()).is_none());
        }
        assert!(keys.find(b"").is_none());
        assert!(ApiKeys::default().find(b"anything").is_none());
    }

    #[test]
    fn every_key_is_looked_at_wherever_the_right_one_is() {
        let (_, keys) = ring(7);
        for right in 0..8_usize {
            let mut looked = 0;
            let found = keys.find_by(|_| {
                looked += 1;
                Choice::from(u8::from(looked == right + 1))
            });
            assert_eq!(found.map(|key| key.name.clone()), (right < 7).then(|| format!("key{right}").into()));
            assert_eq!(looked, 7, "the search ended early at {right}");
        }
    }

    #[test]
    fn entries_stand_between_commas_and_white_space_with_comments() {
        let line = |name: &str, byte: &str| format!("{name}:read:{}", byte.repeat(32));
        let text =
            format!("# keys\n{},{}\r\n\t{} # mine\n\n,", line("a", "01"), line("b", "Ff"), line("c", "03"));
        let keys = ApiKeys::parse(&text).unwrap();
        assert_eq!(format!("{keys:?}"), "[a:read, b:read, c:read]");
        assert!(ApiKeys::parse(" \n# nothing\n").unwrap().is_empty());
    }

    #[test]
    fn faults_name_the_entry_and_show_no_secret() {
        let good = "0f".repeat(32);
        for (entry, named) in [
            ("sspp_s3cret".to_owned(), "name:scopes:sha256"),
            ("crm:sspp_s3cret".to_owned(), "name:scopes:sha256"),
            ("crm:ingest:sspp_s3cret".to_owned(), "not the key itself"),
            (format!("crm:s3cret:{good}"), "joined by '+'"),
            (format!("crm:ingest:{good}:s3cret"), "name:scopes:sha256"),
            (format!(":ingest:{good}"), "name"),
            (format!("s3cret!:ingest:{good}"), "name"),
            (format!("crm:ingest:{}é", &good[2..]), "64 hexadecimal digits"),
        ] {
            let fault = ApiKeys::parse(&format!("ok:read:{good},{entry}")).unwrap_err().to_string();
            assert!(fault.starts_with("key 2") && fault.contains(named), "{entry}: {fault}");
            assert!(!fault.contains("s3cret"), "{fault}");
        }
        let twice = ApiKeys::parse(&format!("a:read:{good} b:read:{good}")).unwrap_err().to_string();
        assert!(twice.contains("same key"), "{twice}");
        let one = ApiKeys::parse(&format!("a:read:{good}")).unwrap();
        let other = ApiKeys::parse(&format!("a:read:{}", "0e".repeat(32))).unwrap();
        assert!(one.and(other).unwrap_err().to_string().contains("twice"));
    }
}
