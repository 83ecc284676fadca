//! Whose address a request comes from, where proxies stand in front. What a header says counts only as far as every hop after it
//! is one that is trusted: anyone else could write what they like.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use poem::http::{HeaderMap, HeaderName, HeaderValue, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose headers about addresses are believed: addresses and networks between commas.
///
/// ```
/// let proxies: sspp_api::TrustedProxies = "10.0.0.0/8, ::1".parse().unwrap();
/// assert_eq!(proxies.len(), 2);
/// assert!("10.0.0.0/99".parse::<sspp_api::TrustedProxies>().is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// How many networks there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no proxy is trusted, so that the address is that of the connection.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the caller: the last hop that is not trusted. `Forwarded` (RFC 7239) comes before `X-Forwarded-For`.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if self.is_empty() || !self.trust(client) {
            return client;
        }
        let standard = headers.contains_key(header::FORWARDED);
        let name = if standard { header::FORWARDED } else { X_FORWARDED_FOR };
        let lines: Vec<&str> =
            headers.get_all(name).iter().map(|line: &HeaderValue| line.to_str().unwrap_or("?")).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let said = if standard { forwarded_for(hop) } else { Some(hop) };
            // What cannot be read ends what can be believed.
            let Some(address) = said.and_then(address_of) else { return client };
            client = address;
            if !self.trust(client) {
                return client;
            }
        }
        client
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let networks = entries.map(|entry| {
            let network =
                entry.parse::<IpNet>().ok().or_else(|| entry.parse::<IpAddr>().ok().map(IpNet::from));
            network.ok_or_else(|| {
                format!(
                    "{entry:?} is neither an address nor a network: write 10.0.0.0/8, 192.0.2.7 or fd00::/8"
                )
            })
        });
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }
}

/// Whether a proxy passed a request on. No proxy needs to be trusted for that: a client that writes such a header itself only gets
/// less.
pub(super) fn came_by_proxy(headers: &HeaderMap) -> bool {
    headers.contains_key(header::FORWARDED) || headers.contains_key(X_FORWARDED_FOR)
}

/// The `for` of one hop: `for=192.0.2.60;proto=http;by=203.0.113.43`.
fn forwarded_for(hop: &str) -> Option<&str> {
    hop.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address, perhaps in brackets, perhaps with a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(bracketed)
        .or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let headers =
            lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let trusted: TrustedProxies = trusted.parse().unwrap();
        trusted.client(peer.parse().unwrap(), &headers.collect()).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let header = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client("", "10.0.0.1", &header), "10.0.0.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &header), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &header), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "::ffff:10.0.0.1", &header), "203.0.113.9");
    }

    #[test]
    fn what_a_client_put_before_the_proxies_is_not_believed() {
        let trusted = "10.0.0.0/8";
        for (lines, expected) in [
            (&[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.0.0.2")][..], "203.0.113.9"),
            (&[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
            (&[("x-forwarded-for", "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            (&[("x-forwarded-for", "203.0.113.9, nonsense")], "10.0.0.1"),
            (&[("x-forwarded-for", "")], "10.0.0.1"),
            (&[], "10.0.0.1"),
            (&[("x-forwarded-for", "203.0.113.9:4711")], "203.0.113.9"),
            (&[("forwarded", "for=1.1.1.1, for=\"[2001:db8::7]:4711\";proto=https")], "2001:db8::7"),
            (&[("forwarded", "For=203.0.113.9;by=10.0.0.1"), ("x-forwarded-for", "1.1.1.1")], "203.0.113.9"),
            (&[("forwarded", "for=unknown")], "10.0.0.1"),
            (&[("forwarded", "by=10.0.0.9")], "10.0.0.1"),
        ] {
            assert_eq!(client(trusted, "10.0.0.1", lines), expected, "{lines:?}");
        }
    }
}
