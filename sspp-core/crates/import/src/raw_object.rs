//! A JSON object put together of pieces that stay as they were written.

use serde_json::Value;
use serde_json::value::RawValue;

/// An object whose members are written one by one.
#[derive(Debug, Default, Clone)]
pub struct RawObject {
    inner: String,
}

impl RawObject {
    /// Adds a member whose value is JSON.
    pub fn json(&mut self, name: &str, json: &str) {
        self.separate();
        self.inner.push_str(&string(name));
        self.inner.push(':');
        self.inner.push_str(json);
    }

    /// Adds a member whose value is text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.json(name, &string(text));
    }

    /// Adds the members of an object; `false` where it is none.
    pub fn members(&mut self, object: &RawValue) -> bool {
        let inner = object.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let known = inner.is_some();
        if let Some(inner) = inner.filter(|inner| !inner.trim_ascii().is_empty()) {
            self.join(&Self { inner: inner.to_owned() });
        }
        known
    }

    /// Adds the members of another.
    pub fn join(&mut self, other: &Self) {
        if !other.is_empty() {
            self.separate();
            self.inner.push_str(&other.inner);
        }
    }

    /// Whether it has no members.
    pub const fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// The members, without braces.
    pub fn inner(&self) -> &str {
        &self.inner
    }

    /// The object.
    pub fn finish(&self) -> String {
        format!("{{{}}}", self.inner)
    }

    fn separate(&mut self) {
        if !self.inner.is_empty() {
            self.inner.push(',');
        }
    }
}

fn string(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_stay_as_they_were_written() {
        let mut object = RawObject::default();
        let raw = |json: &str| serde_json::from_str::<Box<RawValue>>(json).unwrap();
        assert!(object.members(&raw("{}")) && object.is_empty());
        assert!(object.members(&raw(r#"{ "n" : 1.10, "n":1E5 }"#)));
        assert!(object.members(&raw(" { } ")) && !object.members(&raw("[1]")));
        object.json("big", "12345678901234567890123");
        object.text("a\"b", "é\n");
        assert_eq!(object.finish(), r#"{ "n" : 1.10, "n":1E5 ,"big":12345678901234567890123,"a\"b":"é\n"}"#);
    }
}
