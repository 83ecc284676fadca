//! Where the API is, and the paths and queries below it.

use std::fmt;

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The root of the API, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    text: String,
    tls: bool,
    loopback: bool,
}

/// The API of a server on a developer's machine.
impl Default for Root {
    fn default() -> Self {
        Self { text: "http://127.0.0.1:3000/api/v1".to_owned(), tls: false, loopback: true }
    }
}

impl Root {
    /// A URL without a path is a server's: its API is below `/api/v1`. One with a path is the API's own.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{what}: give one such as https://sspp.example.com");
        let uri: Uri = url.trim().parse().map_err(|_| wrong("is no URL"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("does not begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("contains a user or password: use api_key instead"));
        }
        if uri.query().is_some() {
            return Err(wrong("holds a query"));
        }
        let path = match uri.path().trim_end_matches('/') {
            "" => "/api/v1",
            path => path,
        };
        let scheme = if tls { "https" } else { "http" };
        let host = authority.host();
        let loopback = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        Ok(Self { text: format!("{scheme}://{authority}{path}"), tls, loopback })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether others on the network can read what is sent.
    pub(crate) const fn is_exposed(&self) -> bool {
        !self.tls && !self.loopback
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A part of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A query, as far as it has been written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(String);

impl Query {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ESCAPED));
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_url_leads_to_its_api_and_an_apis_url_is_kept() {
        let root = |url| Root::parse(url).map(|root| root.to_string());
        assert_eq!(root("https://sspp.example.com").unwrap(), "https://sspp.example.com/api/v1");
        assert_eq!(root(" http://h:3000/ ").unwrap(), "http://h:3000/api/v1");
        assert_eq!(root("http://h/sales/v1/").unwrap(), "http://h/sales/v1");
        for wrong in ["", "h", "h:3000", "ftp://h", "http://", "http://u:p@h", "http://h?x=1", "/api"] {
            assert!(root(wrong).is_err(), "{wrong}");
        }
        assert!(Root::parse("http://sspp.example.com").unwrap().is_exposed());
        assert!(!Root::parse("http://127.0.0.1:1").unwrap().is_exposed());
    }

    #[test]
    fn queries_and_segments_are_escaped() {
        let mut query = Query::default();
        query.set("a", "x y&z=ü");
        query.set("b", "2026-01-01T00:00:00.000Z");
        assert_eq!(query.as_str(), "?a=x%20y%26z%3D%C3%BC&b=2026-01-01T00%3A00%3A00.000Z");
        assert_eq!(segment("../a b"), "..%2Fa%20b");
    }
}
