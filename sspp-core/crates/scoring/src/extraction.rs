//! Takes the members that conditions read out of an event's metadata, in one pass and without keeping the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::coerce;

/// A member's value as far as coercion and explanation need it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// An array or an object.
    Compound(Value),
}

impl Found<'_> {
    pub(super) fn truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => number.as_f64().is_some_and(coerce::truthy_number),
            Self::Text(text) => !text.is_empty(),
            Self::Compound(_) => true,
        }
    }

    pub(super) fn number(&self) -> f64 {
        match self {
            Self::Null => f64::NAN,
            Self::Bool(value) => f64::from(*value),
            Self::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Self::Text(text) => coerce::number_of_text(text),
            Self::Compound(value) => coerce::number(value),
        }
    }
}

/// What an extraction found, by the paths' numbers; `None` is a missing member.
pub(super) type Slots<'a> = Vec<Option<Found<'a>>>;

/// Which members to take out of metadata, as a tree of names.
#[derive(Debug)]
pub(super) struct Extraction {
    tree: Node,
    slots: usize,
    empty: bool,
}

impl Extraction {
    /// From the wanted members' names and slots, and the number of all slots.
    pub(super) fn new<'p>(slots: usize, wanted: impl Iterator<Item = (&'p [String], usize)>) -> Self {
        let mut tree = Node::default();
        wanted.for_each(|(members, slot)| tree.insert(members, slot));
        Self { empty: tree.slot.is_none() && tree.members.is_empty(), tree, slots }
    }

    /// Takes the members out of a JSON object; everything else in it is skipped without being kept.
    pub(super) fn read<'a>(&self, metadata: &'a str) -> Result<Slots<'a>, serde_json::Error> {
        let mut slots = vec![None; self.slots];
        if !self.empty {
            let mut reader = serde_json::Deserializer::from_str(metadata);
            NodeSeed { node: &self.tree, slots: &mut slots }.deserialize(&mut reader)?;
        }
        Ok(slots)
    }
}

#[derive(Debug, Default)]
struct Node {
    /// Where this member's own value goes, if a path ends here.
    slot: Option<usize>,
    members: Vec<(String, Node)>,
}

impl Node {
    fn insert(&mut self, path: &[String], slot: usize) {
        let Some((first, rest)) = path.split_first() else {
            self.slot = Some(slot);
            return;
        };
        let at = self.members.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            self.members.push((first.clone(), Self::default()));
            self.members.len() - 1
        });
        self.members[at].1.insert(rest, slot);
    }

    fn member(&self, name: &str) -> Option<&Self> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    /// Puts a whole value and what the tree asks for below it into the slots.
    fn place(&self, value: Value, slots: &mut Slots<'_>) {
        if let Value::Object(members) = &value {
            for (name, node) in &self.members {
                if let Some(member) = members.get(name) {
                    node.place(member.clone(), slots);
                }
            }
        }
        if let Some(slot) = self.slot {
            slots[slot] = Some(match value {
                Value::Null => Found::Null,
                Value::Bool(value) => Found::Bool(value),
                Value::Number(number) => Found::Number(number),
                Value::String(text) => Found::Text(Cow::Owned(text)),
                compound => Found::Compound(compound),
            });
        }
    }
}

/// Reads one value of the metadata into the slots of a node.
struct NodeSeed<'t, 's, 'a> {
    node: &'t Node,
    slots: &'s mut Slots<'a>,
}

impl<'a> NodeSeed<'_, '_, 'a> {
    fn put(self, found: Found<'a>) {
        if let Some(slot) = self.node.slot {
            self.slots[slot] = Some(found);
        }
    }
}

impl<'a> DeserializeSeed<'a> for NodeSeed<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for NodeSeed<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(Found::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(Found::Bool(value));
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(Found::Number(value.into()));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(Found::Number(value.into()));
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.put(Number::from_f64(value).map_or(Found::Null, Found::Number));
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, value: &'a str) -> Result<(), E> {
        self.put(Found::Text(Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(Found::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut sequence: A) -> Result<(), A::Error> {
        if self.node.slot.is_none() {
            while sequence.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        self.put(Found::Compound(Value::Array(elements)));
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        if self.node.slot.is_some() {
            let mut members = Map::new();
            while let Some((name, value)) = map.next_entry()? {
                members.insert(name, value);
            }
            self.node.place(Value::Object(members), self.slots);
            return Ok(());
        }
        while let Some(wanted) = map.next_key_seed(NameSeed(self.node))? {
            match wanted {
                Some(node) => map.next_value_seed(NodeSeed { node, slots: &mut *self.slots })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a member's name and finds the node for it without keeping the name.
struct NameSeed<'t>(&'t Node);

impl<'a, 't> DeserializeSeed<'a> for NameSeed<'t> {
    type Value = Option<&'t Node>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'_> for NameSeed<'t> {
    type Value = Option<&'t Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.member(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::paths::{Path, PathTable, Root};
    use super::*;

    fn table(paths: &[&[&str]]) -> PathTable {
        let mut table = PathTable::default();
        for members in paths {
            let members = members.iter().map(|&member| member.to_owned()).collect();
            table.number_of(Path::new(Root::Metadata, members));
        }
        table
    }

    #[test]
    fn takes_out_what_the_paths_name() {
        let table = table(&[&["a"], &["b", "c"], &["b", "missing"], &["d"], &["e", "f"], &["a"]]);
        let slots = table
            .extraction(|_| true)
            .read(r#"{"x": [1, {"a": 2}], "b": {"c": "\u0041", "y": {}}, "d": [1, [2]], "a": -0.0, "e": [{"f": 1}]}"#)
            .unwrap();
        assert_eq!(slots[0], Some(Found::Number(Number::from_f64(-0.0).unwrap())));
        assert_eq!(slots[1], Some(Found::Text("A".into())));
        assert_eq!(slots[2], None);
        assert_eq!(slots[3], Some(Found::Compound(json!([1, [2]]))));
        assert_eq!(slots[4], None);
        assert_eq!(slots.len(), 5);
    }

    #[test]
    fn a_path_may_end_where_another_goes_on() {
        let table = table(&[&["a"], &["a", "b"], &[]]);
        let slots = table.extraction(|slot| slot < 2).read(r#"{"a": {"b": null}}"#).unwrap();
        assert_eq!(slots, [Some(Found::Compound(json!({"b": null}))), Some(Found::Null), None]);
        let slots = table.extraction(|_| true).read(r#"{"a": {"b": true}}"#).unwrap();
        assert_eq!(slots[1], Some(Found::Bool(true)));
        assert_eq!(slots[2], Some(Found::Compound(json!({"a": {"b": true}}))));
    }

    #[test]
    fn truth_is_javascripts() {
        let extraction = table(&[&["a"]]).extraction(|_| true);
        let truthy = |json: &str| {
            let metadata = format!(r#"{{"a": {json}}}"#);
            extraction.read(&metadata).unwrap()[0].as_ref().unwrap().truthy()
        };
        for json in ["null", "false", "0", "-0", "0.0", r#""""#] {
            assert!(!truthy(json), "{json}");
        }
        for json in ["true", "-1", r#""0""#, r#"" ""#, "[]", "{}", "1e-300"] {
            assert!(truthy(json), "{json}");
        }
    }

    #[test]
    fn nothing_wanted_means_nothing_read() {
        let slots = table(&[&["a"]]).extraction(|_| false).read("not even JSON").unwrap();
        assert_eq!(slots, [None]);
    }
}
