//! Which host a request names, and whether it may. Where no keys are set only the network keeps others out, and a page in a
//! browser is inside: its owner lets the page's own name point to this machine (DNS rebinding), and browsers then take page and
//! server for one origin. What such a request cannot hide is the name that it asks for.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::{HeaderMap, HeaderValue, StatusCode, Uri, Version, header};

/// The host that a request names.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Uri, Version, header::HOST};
/// use sspp_runtime::RequestedHost;
/// let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("API.example:3000"))]);
/// let target = Uri::from_static("/livez");
/// let host = RequestedHost::of(Version::HTTP_11, &target, &headers).unwrap();
/// assert_eq!(host, RequestedHost::Name("API.example"));
/// assert!(RequestedHost::of(Version::HTTP_11, &target, &HeaderMap::new()).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedHost<'r> {
    /// None: HTTP/1.0 allows that, and no browser speaks it.
    None,
    /// An IP address, which no name server can point elsewhere.
    Address,
    /// A name, without port and without the dot at its end.
    Name(&'r str),
}

impl<'r> RequestedHost<'r> {
    /// Reads the host of a request from its `Host` header and from its target, where that is a whole URL. What a proxy says of
    /// the host that it was asked for (`X-Forwarded-Host`) does not count.
    pub fn of(version: Version, target: &'r Uri, headers: &'r HeaderMap) -> Result<Self, HostFault> {
        let mut values = headers.get_all(header::HOST).iter();
        let said = values.next().map(read_header).transpose()?;
        if values.next().is_some() {
            return Err(HostFault::Repeated);
        }
        let asked = target.authority().map(|authority| read(authority.as_str())).transpose()?;
        match (said, asked) {
            (Some(said), Some(asked)) if !said.same(asked) => Err(HostFault::Contradiction),
            (None, _) if version >= Version::HTTP_11 => Err(HostFault::Missing),
            (said, asked) => Ok(said.or(asked).unwrap_or(Self::None)),
        }
    }

    fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
            (one, other) => one == other,
        }
    }
}

fn read_header(value: &HeaderValue) -> Result<RequestedHost<'_>, HostFault> {
    read(value.to_str().map_err(|_| HostFault::Malformed)?)
}

/// Reads `name`, `name:port`, `192.0.2.7:80` or `[2001:db8::7]:80`.
fn read(text: &str) -> Result<RequestedHost<'_>, HostFault> {
    let text = text.trim_matches([' ', '\t']);
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(HostFault::Malformed)?;
        // A zone says over which network the address is reached: `fe80::1%25eth0`.
        let address = address.split_once('%').map_or(address, |(address, _)| address);
        address.parse::<Ipv6Addr>().map_err(|_| HostFault::Malformed)?;
        (RequestedHost::Address, port.strip_prefix(':').or(port.is_empty().then_some("")))
    } else {
        let (name, port) = text.split_once(':').unwrap_or((text, ""));
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() || !name.bytes().all(is_of_name) {
            return Err(HostFault::Malformed);
        }
        let address = name.parse::<Ipv4Addr>().is_ok();
        (if address { RequestedHost::Address } else { RequestedHost::Name(name) }, Some(port))
    };
    let good = port.is_some_and(|port| {
        port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    if good { Ok(host) } else { Err(HostFault::Malformed) }
}

/// What RFC 3986 allows in a name: unreserved characters, those of percent-encoding, and sub-delimiters.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

/// Why a request is refused for the host that it names.
///
/// ```
/// use sspp_runtime::{AllowedHosts, RequestedHost};
/// let fault = AllowedHosts::default().check(RequestedHost::Name("evil.example")).unwrap_err();
/// assert_eq!(fault.status(), 421);
/// assert!(fault.to_string().contains("SSPP_ALLOWED_HOSTS"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostFault {
    /// HTTP/1.1 without one.
    #[error("the Host header is missing: HTTP/1.1 requires it")]
    Missing,
    /// More than one, be they equal.
    #[error("the Host header appears more than once")]
    Repeated,
    /// No host at all.
    #[error("the Host header is not a name or an address, with or without a port")]
    Malformed,
    /// The target is a URL with another host.
    #[error("the Host header and the request URL name different hosts")]
    Contradiction,
    /// A name that is not allowed.
    #[error(
        "the Host '{name}' is not allowed: use an address or localhost, or add the name to SSPP_ALLOWED_HOSTS"
    )]
    NotAllowed {
        /// The name.
        name: String,
    },
}

impl HostFault {
    /// The status of the answer: 400, or 421 (Misdirected Request) for a name that is not allowed.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotAllowed { .. } => StatusCode::MISDIRECTED_REQUEST,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The last part of the problem's `type`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "host-not-allowed",
            _ => "invalid-host",
        }
    }
}

/// The names by which a server may be asked, besides addresses and `localhost`, which always may.
///
/// ```
/// use sspp_runtime::{AllowedHosts, RequestedHost};
/// let hosts: AllowedHosts = "sspp-api, *.svc.cluster.local".parse().unwrap();
/// assert!(hosts.check(RequestedHost::Name("sspp-api")).is_ok());
/// assert!(hosts.check(RequestedHost::Name("sspp-api.prod.svc.cluster.local")).is_ok());
/// assert!(hosts.check(RequestedHost::Name("sspp-api.evil.example")).is_err());
/// assert!("https://api.example".parse::<AllowedHosts>().is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Whether a request that names this host may be answered.
    pub fn check(&self, host: RequestedHost<'_>) -> Result<(), HostFault> {
        let RequestedHost::Name(name) = host else { return Ok(()) };
        let matches = |entry: &str| match entry.strip_prefix('*') {
            // What stands for the star is never empty.
            Some(ending) => name
                .len()
                .checked_sub(ending.len())
                .and_then(|at| (at > 0).then(|| name.get(at..))?)
                .is_some_and(|end| end.eq_ignore_ascii_case(ending)),
            None => name.eq_ignore_ascii_case(entry),
        };
        if matches("localhost") || self.0.iter().any(|entry| matches(entry)) {
            return Ok(());
        }
        Err(HostFault::NotAllowed { name: name.chars().take(100).collect() })
    }
}

impl FromStr for AllowedHosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let read = |entry: &str| {
            let whole = entry.strip_suffix('.').unwrap_or(entry);
            let name = whole.strip_prefix("*.").unwrap_or(whole);
            if entry == "*" || name.split('.').all(plain) {
                return Ok(whole.to_owned());
            }
            Err(format!(
                "{entry:?} is not a host name: write a name without scheme, port and path, such as api.example, *.svc.cluster.local or *; addresses are always allowed"
            ))
        };
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(version: Version, target: &str, hosts: &[&str]) -> Result<String, u16> {
        let headers =
            hosts.iter().map(|host| (header::HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap()));
        let (target, headers) = (target.parse().unwrap(), headers.collect());
        RequestedHost::of(version, &target, &headers)
            .map(|host| format!("{host:?}"))
            .map_err(|fault| fault.status().as_u16())
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, host) in [
            ("localhost", "Name(\"localhost\")"),
            ("LocalHost.:3000", "Name(\"LocalHost\")"),
            ("a_b.svc.cluster.local:80", "Name(\"a_b.svc.cluster.local\")"),
            ("xn--bcher-kva.example:", "Name(\"xn--bcher-kva.example\")"),
            // These are names: a name server may point them anywhere.
            ("127.0.0.1.nip.io", "Name(\"127.0.0.1.nip.io\")"),
            ("localhost.evil.example", "Name(\"localhost.evil.example\")"),
            ("0x7f.1", "Name(\"0x7f.1\")"),
            ("127.0.0.1", "Address"),
            ("127.0.0.1.:3000", "Address"),
            ("[::1]:3000", "Address"),
            ("[fe80::1%25eth0]", "Address"),
            ("[::ffff:127.0.0.1]:", "Address"),
        ] {
            assert_eq!(of(Version::HTTP_11, "/", &[text]), Ok(host.to_owned()), "{text}");
        }
        for bad in [
            "",
            " ",
            ":3000",
            ".",
            "user@localhost",
            "localhost:x",
            "localhost:+1",
            "localhost:65536",
            "localhost:1:2",
            "::1",
            "[::1",
            "[::1]3000",
            "[]",
            "[v1.x]",
            "[evil.example]",
            "local host",
            "localhost/",
            "a,b.example@c",
            "é.example",
            "http://localhost",
        ] {
            assert_eq!(of(Version::HTTP_11, "/", &[bad]), Err(400), "{bad:?}");
        }
    }

    #[test]
    fn exactly_one_host_is_named() {
        let (one, eleven) = (Version::HTTP_10, Version::HTTP_11);
        for (version, target, hosts, expected) in [
            (eleven, "/", &[][..], Err(400)),
            (one, "/", &[], Ok("None")),
            (one, "http://evil.example/", &[], Ok("Name(\"evil.example\")")),
            (eleven, "http://localhost/", &[], Err(400)),
            (eleven, "/", &["localhost", "localhost"], Err(400)),
            (one, "/", &["localhost", "evil.example"], Err(400)),
            (eleven, "http://evil.example/", &["localhost"], Err(400)),
            (eleven, "http://127.0.0.1/", &["localhost"], Err(400)),
            (eleven, "http://LOCALHOST:80/", &["localhost:3000"], Ok("Name(\"localhost\")")),
            (eleven, "http://user@localhost/", &["localhost"], Err(400)),
            (eleven, "localhost:443", &["evil.example"], Err(400)),
        ] {
            assert_eq!(
                of(version, target, hosts),
                expected.map(str::to_owned),
                "{version:?} {target} {hosts:?}"
            );
        }
    }

    #[test]
    fn names_are_compared_whole_and_without_case() {
        let hosts: AllowedHosts = "api, API.Example., *.svc.cluster.local,".parse().unwrap();
        assert_eq!(hosts.to_string(), "api,API.Example,*.svc.cluster.local");
        let allowed = |name| hosts.check(RequestedHost::Name(name)).is_ok();
        for good in ["localhost", "LOCALHOST", "api", "api.example", "a.b.SVC.cluster.local"] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "x.localhost",
            "api.evil.example",
            "xapi.example",
            "svc.cluster.local",
            "xsvc.cluster.local",
            ".svc.cluster.local",
            "localhos",
            "127.0.0.1.nip.io",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
        assert!(hosts.check(RequestedHost::Address).is_ok() && hosts.check(RequestedHost::None).is_ok());
        let any: AllowedHosts = "*".parse().unwrap();
        assert!(any.check(RequestedHost::Name("evil.example")).is_ok());
        assert!(AllowedHosts::default().check(RequestedHost::Name("api")).is_err());
    }

    #[test]
    fn what_is_no_host_name_is_no_entry() {
        for bad in [
            "https://api.example",
            "api.example:3000",
            "api/",
            "*api.example",
            "a.*.example",
            "*.",
            "**",
            "a..b",
            ".a",
            "a b",
            "[::1]",
            "bücher.example",
            "user@api",
        ] {
            let said = format!("api,{bad}").parse::<AllowedHosts>().unwrap_err();
            assert!(said.contains(&format!("{bad:?}")) && said.contains("not a host name"), "{said}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_only_localhost_addresses_and_listed_names_pass(host in "\\PC{0,40}|[a-z0-9.:\\[\\]%-]{0,40}") {
            let Ok(value) = HeaderValue::from_str(&host) else { return Ok(()) };
            let headers = HeaderMap::from_iter([(header::HOST, value)]);
            let target = Uri::from_static("/");
            let Ok(read) = RequestedHost::of(Version::HTTP_11, &target, &headers) else { return Ok(()) };
            if AllowedHosts::default().check(read).is_ok() {
                let name = host.trim().rsplit_once(']').map_or_else(
                    || host.trim().split(':').next().unwrap().trim_end_matches('.').to_owned(),
                    |(address, _)| address.trim_start_matches('[').split('%').next().unwrap().to_owned(),
                );
                prop_assert!(name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok(), "{host:?}");
            }
        }
    }
}
