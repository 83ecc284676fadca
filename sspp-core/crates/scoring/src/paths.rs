//! The members that a model's conditions read, each known by a number.

use std::fmt::Write;

use serde_json::Value;

use super::extraction::Extraction;

/// What a path begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Metadata,
    EventType,
    AccountId,
    UserId,
    Source,
}

impl Root {
    pub(super) const NAMES: [&'static str; 5] = ["metadata", "eventType", "accountId", "userId", "source"];

    pub(super) fn of(name: &str) -> Option<Self> {
        let all = [Self::Metadata, Self::EventType, Self::AccountId, Self::UserId, Self::Source];
        all.into_iter().find(|root| root.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A path such as `metadata.deal.amount`. Elements of lists are not distinguished: `metadata.items[0]` is
/// `metadata.items`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) root: Root,
    pub(super) members: Vec<String>,
    text: String,
}

impl Path {
    pub(super) fn new(root: Root, members: Vec<String>) -> Self {
        let mut text = root.name().to_owned();
        for member in &members {
            if is_word(member) {
                text.push('.');
                text.push_str(member);
            } else {
                // Writing to a string cannot fail.
                let _ = write!(text, "[{}]", Value::from(member.as_str()));
            }
        }
        Self { root, members, text }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

fn is_word(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// All paths of a model; a path is known by its number, which is also its slot in what an extraction found.
#[derive(Debug, Default)]
pub(super) struct PathTable(Vec<Path>);

impl PathTable {
    pub(super) fn number_of(&mut self, path: Path) -> usize {
        self.0.iter().position(|known| *known == path).unwrap_or_else(|| {
            self.0.push(path);
            self.0.len() - 1
        })
    }

    pub(super) fn get(&self, number: usize) -> Option<&Path> {
        self.0.get(number)
    }

    /// An extraction of some of the paths.
    pub(super) fn extraction(&self, wanted: impl Fn(usize) -> bool) -> Extraction {
        let paths = self.0.iter().enumerate();
        let wanted = paths.filter(|(slot, path)| path.root == Root::Metadata && wanted(*slot));
        Extraction::new(self.0.len(), wanted.map(|(slot, path)| (path.members.as_slice(), slot)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_they_are_written() {
        let path = Path::new(Root::Metadata, vec!["deal".into(), "net \"worth\"".into(), "9".into()]);
        assert_eq!(path.as_str(), r#"metadata.deal["net \"worth\""]["9"]"#);
    }
}
