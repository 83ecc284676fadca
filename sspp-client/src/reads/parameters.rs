//! The parameters of a query, checked as they are set and sent only if all are valid.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::value::{RawValue, to_raw_value};
use sspp_events::{Timestamp, Violation, Violations};

use crate::error::Error;
use crate::url::Query;

/// Parameters by name. One that is set again replaces the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    values: Vec<(&'static str, String)>,
    violations: Vec<Violation>,
}

impl Parameters {
    /// Sets a value, or notes what is wrong with it.
    pub(super) fn set(
        &mut self,
        name: &'static str,
        code: &'static str,
        value: Result<impl Display, impl Display>,
    ) {
        self.unset(name);
        match value {
            Ok(value) => self.values.push((name, value.to_string())),
            Err(fault) => {
                let detail = format!("{name} {fault}");
                self.violations.push(Violation { pointer: name.to_owned(), code: code.into(), detail });
            }
        }
    }

    /// Sets what is valid by its type, or what only the server can judge.
    pub(super) fn set_valid(&mut self, name: &'static str, value: impl Display) {
        self.set(name, "", Ok::<_, std::convert::Infallible>(value));
    }

    pub(super) fn set_instant(
        &mut self,
        name: &'static str,
        instant: impl TryInto<Timestamp, Error: Display>,
    ) {
        self.set(name, "malformed_timestamp", instant.try_into());
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.values.retain(|(known, _)| *known != name);
        self.violations.retain(|violation| violation.pointer != name);
    }

    /// The values, if all are valid.
    pub(super) fn check(&self) -> Result<&[(&'static str, String)], Error> {
        match Violations::from_vec(self.violations.clone()) {
            Some(violations) => Err(Error::Request(violations)),
            None => Ok(&self.values),
        }
    }

    pub(super) fn query(&self) -> Result<Query, Error> {
        let mut query = Query::default();
        for (name, value) in self.check()? {
            query.set(name, value);
        }
        Ok(query)
    }

    /// The values as the members of a JSON object; those of some names are JSON already.
    pub(super) fn json(&self, verbatim: &[&str]) -> Result<Vec<u8>, Error> {
        let mut object = BTreeMap::new();
        for (name, value) in self.check()? {
            let json = if verbatim.contains(name) {
                RawValue::from_string(value.clone())?
            } else {
                to_raw_value(value)?
            };
            object.insert(name, json);
        }
        Ok(serde_json::to_vec(&object)?)
    }
}
