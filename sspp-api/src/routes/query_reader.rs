//! Reads a query string: every parameter as text and checked, so that one answer lists every violation. The sentences are the
//! predecessor's.

use sspp_core::{
    AccountId, EventType, IdFault, Score, ScoringModel, SignalFilter, SignalType, Timestamp, Units, UserId,
    Violation,
};

/// More parameters than this are not looked at one by one.
const MOST_PARAMETERS: usize = 100;

/// The decoded parameters and what is wrong with them so far.
pub(super) struct Reader {
    names: &'static [&'static str],
    values: Vec<(String, String)>,
    pub(super) found: Vec<Violation>,
}

/// What is known of a parameter.
pub(super) enum Given {
    Absent,
    Repeated,
    Once(String),
}

impl Reader {
    /// Reads a query string that may have these parameters.
    pub(super) fn new(query: &str, names: &'static [&'static str]) -> Self {
        let mut reader = Self { names, values: Vec::new(), found: Vec::new() };
        reader.split(query);
        reader
    }

    /// A filter of signals, and whether it asks for an empty account or user: there is none.
    pub(super) fn signal_filter(&mut self, model: &ScoringModel) -> (SignalFilter, bool) {
        let (account_id, no_account) = self.id("accountId", AccountId::new);
        let (user_id, no_user) = self.id("userId", UserId::new);
        let event_types: Vec<&str> =
            model.event_rules().iter().map(|rule| rule.event_type.as_str()).collect();
        let mut signal_types: Vec<&str> = Vec::new();
        for rule in model.event_rules() {
            if !signal_types.contains(&rule.signal_type.as_str()) {
                signal_types.push(rule.signal_type.as_str());
            }
        }
        let event_type = self.one_of("eventType", &event_types).and_then(|name| EventType::new(name).ok());
        let signal_type =
            self.one_of("signalType", &signal_types).and_then(|name| SignalType::new(name).ok());
        let (from, to) = (self.instant("from"), self.instant("to"));
        let (min_score, max_score) = (self.score("minScore"), self.score("maxScore"));
        let filter =
            SignalFilter { account_id, user_id, event_type, signal_type, from, to, min_score, max_score };
        (filter, no_account || no_user)
    }

    fn split(&mut self, query: &str) {
        for (at, part) in query.split('&').filter(|part| !part.is_empty()).enumerate() {
            if at >= MOST_PARAMETERS {
                self.wrong(
                    "query",
                    "too_many",
                    format!("query must not have more than {MOST_PARAMETERS} parameters"),
                );
                return;
            }
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let Some(name) = decode(name) else {
                let shown: String = name.chars().take(100).collect();
                self.wrong(&shown, "malformed", format!("{shown} must be percent-encoded UTF-8 without NUL"));
                continue;
            };
            if !self.names.contains(&name.as_str()) {
                let shown: String = name.chars().take(100).collect();
                self.wrong(&shown, "unknown_parameter", format!("property {shown} should not exist"));
                continue;
            }
            if let Some(value) = decode(value) {
                self.values.push((name, value));
            } else {
                let sentence = format!("{name} must be percent-encoded UTF-8 without NUL");
                self.wrong(&name, "malformed", sentence);
            }
        }
    }

    pub(super) fn wrong(&mut self, name: &str, code: &'static str, sentence: impl Into<String>) {
        self.found.push(Violation { pointer: name.to_owned(), code: code.into(), detail: sentence.into() });
    }

    pub(super) fn given(&self, name: &str) -> Given {
        let mut values = self.values.iter().filter(|(given, _)| given == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Given::Absent,
            (Some(value), None) => Given::Once(value.clone()),
            (Some(_), Some(_)) => Given::Repeated,
        }
    }

    /// An id, or that an empty one was given.
    pub(super) fn id<T>(
        &mut self,
        name: &str,
        make: impl Fn(String) -> Result<T, IdFault>,
    ) -> (Option<T>, bool) {
        match self.given(name) {
            Given::Absent => (None, false),
            Given::Repeated => {
                self.wrong(name, "repeated", format!("{name} must be a string"));
                (None, false)
            }
            Given::Once(text) => match make(text) {
                Ok(id) => (Some(id), false),
                Err(IdFault::Empty) => (None, true),
                Err(fault) => {
                    self.wrong(name, "invalid_id", format!("{name} {fault}"));
                    (None, false)
                }
            },
        }
    }

    pub(super) fn one_of(&mut self, name: &str, known: &[&str]) -> Option<String> {
        match self.given(name) {
            Given::Absent => return None,
            Given::Once(text) if known.contains(&text.as_str()) => return Some(text),
            Given::Once(_) | Given::Repeated => {}
        }
        let sentence = format!("{name} must be one of the following values: {}", known.join(", "));
        self.wrong(name, "not_one_of", sentence);
        None
    }

    pub(super) fn instant(&mut self, name: &str) -> Option<Timestamp> {
        let text = match self.given(name) {
            Given::Absent => return None,
            // A plus that was not encoded arrives as a space, and no instant has a space.
            Given::Once(text) => text.replace(' ', "+"),
            Given::Repeated => String::new(),
        };
        let parsed = Timestamp::parse(&text);
        parsed.map_err(|fault| self.wrong(name, "malformed_timestamp", format!("{name} {fault}"))).ok()
    }

    /// A decimal number as scores are written: digits, perhaps a point and one or two digits.
    pub(super) fn score(&mut self, name: &str) -> Option<Score> {
        let text = match self.given(name) {
            Given::Absent => return None,
            Given::Once(text) => text,
            Given::Repeated => String::new(),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let well_formed = digits(whole, 6) && digits(fraction, 2);
        let units = well_formed.then(|| text.parse().ok().and_then(Units::from_f64)).flatten();
        if units.is_none() {
            self.wrong(
                name,
                "not_a_score",
                format!("{name} must be a number from 0 with at most two decimals"),
            );
        }
        units.map(Score::rounded)
    }

    /// A whole number from 1 to `max`; an empty text counts as 0, as it did for the predecessor.
    pub(super) fn integer(&mut self, name: &str, max: u64) -> Option<u64> {
        let text = match self.given(name) {
            Given::Absent => return None,
            Given::Once(text) => text,
            Given::Repeated => "repeated".to_owned(),
        };
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if text == "-" || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.wrong(name, "not_an_integer", format!("{name} must be an integer number"));
            return None;
        }
        let number = match digits {
            "" => 0,
            // More digits than fit are simply a very large number.
            _ => digits.parse().unwrap_or(u64::MAX),
        };
        if number == 0 || text.starts_with('-') {
            self.wrong(name, "too_small", format!("{name} must not be less than 1"));
            return None;
        }
        if number > max {
            self.wrong(name, "too_large", format!("{name} must not be greater than {max}"));
            return None;
        }
        Some(number)
    }
}

/// A part of a path, decoded as strictly as a query, where a plus is a plus.
pub(super) fn decode_path(text: &str) -> Option<String> {
    decode(&text.replace('+', "%2B"))
}

/// Strict decoding of `application/x-www-form-urlencoded` text: a percent sign must begin an escape, the bytes must be
/// UTF-8, and none of them NUL.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => (hex_digit(rest.next()?)? << 4) | hex_digit(rest.next()?)?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_strict() {
        assert_eq!(decode("a+b%20c%C3%a9").as_deref(), Some("a b cé"));
        for bad in ["%", "%4", "%zz", "%+1", "%ff", "%00", "a%C3"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
