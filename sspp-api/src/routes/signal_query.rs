//! The query string of a list: every parameter read as text and checked, so that one answer lists every violation. The sentences
//! are the predecessor's.

use sspp_core::{
    AccountId, Cursor, EventType, IdFault, Position, Score, ScoringModel, SignalFilter, SignalQuery,
    SignalType, SortBy, SortOrder, Timestamp, Units, UserId, Violation,
};

/// Rows that may be skipped by number.
const DEEPEST: u64 = 100_000;
const LIMIT_MAX: u64 = 100;
/// More parameters than this are not looked at one by one.
const MOST_PARAMETERS: usize = 100;

const NAMES: [&str; 13] = [
    "accountId",
    "userId",
    "eventType",
    "signalType",
    "from",
    "to",
    "minScore",
    "maxScore",
    "sortBy",
    "sortOrder",
    "page",
    "limit",
    "cursor",
];

/// A list that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListRequest {
    pub(super) query: SignalQuery,
    /// The page's number, from 1; 1 where a cursor was given.
    pub(super) page: u32,
    /// An empty account or user was asked for: there is none.
    pub(super) matches_nothing: bool,
}

impl ListRequest {
    pub(super) fn parse(query: &str, model: &ScoringModel) -> Result<Self, Vec<Violation>> {
        let mut reader = Reader { values: Vec::new(), found: Vec::new() };
        reader.split(query);
        let (account_id, no_account) = reader.id("accountId", AccountId::new);
        let (user_id, no_user) = reader.id("userId", UserId::new);
        let event_types: Vec<&str> =
            model.event_rules().iter().map(|rule| rule.event_type.as_str()).collect();
        let mut signal_types: Vec<&str> = Vec::new();
        for rule in model.event_rules() {
            if !signal_types.contains(&rule.signal_type.as_str()) {
                signal_types.push(rule.signal_type.as_str());
            }
        }
        let event_type = reader.one_of("eventType", &event_types).and_then(|name| EventType::new(name).ok());
        let signal_type =
            reader.one_of("signalType", &signal_types).and_then(|name| SignalType::new(name).ok());
        let (from, to) = (reader.instant("from"), reader.instant("to"));
        let (min_score, max_score) = (reader.score("minScore"), reader.score("maxScore"));
        let sort_by = reader.one_of("sortBy", &SortBy::ALL.map(SortBy::as_str));
        let sort_by = SortBy::ALL.into_iter().find(|column| Some(column.as_str()) == sort_by.as_deref());
        let order = match reader.one_of("sortOrder", &["ASC", "DESC"]).as_deref() {
            Some("ASC") => Some(SortOrder::Ascending),
            Some(_) => Some(SortOrder::Descending),
            None => None,
        };
        let page = reader.integer("page", u64::MAX);
        let limit = reader.integer("limit", LIMIT_MAX);
        let limit = u32::try_from(limit.unwrap_or(20)).unwrap_or(20);
        let cursor = reader.cursor(sort_by, order);
        let skipped = page.unwrap_or(1).saturating_mul(u64::from(limit));
        if skipped > DEEPEST {
            let sentence =
                format!("page times limit must not be greater than {DEEPEST}; follow cursor to go deeper");
            reader.wrong("page", "too_deep", sentence);
        }
        if !reader.found.is_empty() {
            return Err(reader.found);
        }
        let page = u32::try_from(page.unwrap_or(1)).unwrap_or(1);
        let filter =
            SignalFilter { account_id, user_id, event_type, signal_type, from, to, min_score, max_score };
        let query = SignalQuery {
            filter,
            sort_by: cursor.map(|cursor| cursor.sort_by).or(sort_by).unwrap_or_default(),
            order: cursor.map(|cursor| cursor.order).or(order).unwrap_or_default(),
            position: cursor
                .map_or(Position::Offset((page - 1) * limit), |cursor| Position::After(cursor.key)),
            limit,
        };
        Ok(Self { query, page, matches_nothing: no_account || no_user })
    }
}

/// The decoded parameters and what is wrong with them so far.
struct Reader {
    values: Vec<(String, String)>,
    found: Vec<Violation>,
}

/// What is known of a parameter.
enum Given {
    Absent,
    Repeated,
    Once(String),
}

impl Reader {
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
            if !NAMES.contains(&name.as_str()) {
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

    fn wrong(&mut self, name: &str, code: &'static str, sentence: impl Into<String>) {
        self.found.push(Violation { pointer: name.to_owned(), code: code.into(), detail: sentence.into() });
    }

    fn given(&self, name: &str) -> Given {
        let mut values = self.values.iter().filter(|(given, _)| given == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Given::Absent,
            (Some(value), None) => Given::Once(value.clone()),
            (Some(_), Some(_)) => Given::Repeated,
        }
    }

    /// An id, or that an empty one was given.
    fn id<T>(&mut self, name: &str, make: impl Fn(String) -> Result<T, IdFault>) -> (Option<T>, bool) {
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

    fn one_of(&mut self, name: &str, known: &[&str]) -> Option<String> {
        match self.given(name) {
            Given::Absent => return None,
            Given::Once(text) if known.contains(&text.as_str()) => return Some(text),
            Given::Once(_) | Given::Repeated => {}
        }
        let sentence = format!("{name} must be one of the following values: {}", known.join(", "));
        self.wrong(name, "not_one_of", sentence);
        None
    }

    fn instant(&mut self, name: &str) -> Option<Timestamp> {
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
    fn score(&mut self, name: &str) -> Option<Score> {
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
    fn integer(&mut self, name: &str, max: u64) -> Option<u64> {
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

    fn cursor(&mut self, sort_by: Option<SortBy>, order: Option<SortOrder>) -> Option<Cursor> {
        let text = match self.given("cursor") {
            Given::Absent => return None,
            Given::Once(text) => text,
            Given::Repeated => String::new(),
        };
        let cursor = match text.parse::<Cursor>() {
            Ok(cursor) => cursor,
            Err(fault) => {
                self.wrong("cursor", "malformed_cursor", format!("cursor {fault}"));
                return None;
            }
        };
        if !matches!(self.given("page"), Given::Absent) {
            self.wrong("cursor", "cursor_and_page", "cursor must not be given together with page");
        }
        if sort_by.is_some_and(|column| column != cursor.sort_by) {
            let sentence = format!("cursor belongs to a list with sortBy {}", cursor.sort_by.as_str());
            self.wrong("cursor", "other_sort", sentence);
        }
        if order.is_some_and(|order| order != cursor.order) {
            self.wrong("cursor", "other_order", "cursor belongs to a list with another sortOrder");
        }
        Some(cursor)
    }
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

    #[test]
    fn an_empty_query_is_the_first_page_of_the_newest() {
        let asked = ListRequest::parse("", &ScoringModel::embedded_default()).unwrap();
        let expected = ListRequest { query: SignalQuery::default(), page: 1, matches_nothing: false };
        assert_eq!(asked, expected);
        let last = ListRequest::parse("page=1000&limit=100", &ScoringModel::embedded_default()).unwrap();
        assert_eq!(last.query.position, Position::Offset(99_900));
    }
}
