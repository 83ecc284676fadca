//! Metadata as a producer gives it: whole, member by member, or both. It is checked with the rest of the event.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sspp_events::{Metadata, MetadataFault};

/// Metadata that is not checked yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Draft {
    /// What was given whole: numbers and texts as they came.
    whole: Option<Result<Metadata, Box<MetadataFault>>>,
    /// What was added since.
    members: Map<String, Value>,
}

impl Draft {
    pub(crate) fn whole(checked: Result<Metadata, MetadataFault>) -> Self {
        Self { whole: Some(checked.map_err(Box::new)), members: Map::new() }
    }

    pub(crate) fn set(&mut self, name: String, value: Value) {
        self.members.insert(name, value);
    }

    /// The member of a name, if there is one.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.members.get(name) {
            return Some(value.clone());
        }
        let Some(Ok(whole)) = &self.whole else { return None };
        let (_, raw) = members(whole).into_iter().find(|(known, _)| known == name)?;
        serde_json::from_str(raw.get()).ok()
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.members.shift_remove(name);
        if let Some(Ok(whole)) = &self.whole {
            let mut members = members(whole);
            let before = members.len();
            members.retain(|(known, _)| known != name);
            if members.len() < before {
                let rest = Metadata::from_serialize(&Joined { whole: members, added: &Map::new() });
                self.whole = Some(rest.map_err(Box::new));
            }
        }
    }

    /// Checks it; `None` if there is none.
    pub(crate) fn check(self) -> Option<Result<Metadata, MetadataFault>> {
        match self.whole {
            None if self.members.is_empty() => None,
            None => Some(Metadata::from_members(&self.members)),
            Some(Ok(whole)) if !self.members.is_empty() => {
                let whole = Joined { whole: members(&whole), added: &self.members };
                Some(Metadata::from_serialize(&whole))
            }
            Some(whole) => Some(whole.map_err(|fault| *fault)),
        }
    }
}

/// The members of metadata, as they are written.
fn members(metadata: &Metadata) -> Vec<(String, &RawValue)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    // Metadata that was checked is an object.
    serde_json::Deserializer::from_str(metadata.as_str()).deserialize_map(Members).unwrap_or_default()
}

/// Members in their order: an added one takes the place of one of the same name.
struct Joined<'m> {
    whole: Vec<(String, &'m RawValue)>,
    added: &'m Map<String, Value>,
}

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, raw) in &self.whole {
            match self.added.get(name) {
                Some(value) => map.serialize_entry(name, value)?,
                None => map.serialize_entry(name, raw)?,
            }
        }
        let old = |name: &String| self.whole.iter().any(|(known, _)| known == name);
        for (name, value) in self.added.iter().filter(|(name, _)| !old(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
