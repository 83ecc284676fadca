//! The proxy on the way to the server: which one, and connections by way of it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::secret::Secret;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A machine reaches itself without a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What a program says about proxies.
#[derive(Debug, Clone, Default)]
pub(crate) enum ProxyChoice {
    #[default]
    Environment,
    Direct,
    Url(Secret),
}

/// A proxy that is used.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    address: Uri,
    authorization: Option<HeaderValue>,
}

impl ProxyChoice {
    /// The proxy on the way to a server, or the fault and where the proxy was set. No fault shows the URL: it may hold a password.
    pub(crate) fn find(
        &self,
        server: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Proxy>, (&'static str, String)> {
        let Ok(server) = server.parse::<Uri>() else { return Ok(None) };
        let (origin, url) = match self {
            Self::Direct => return Ok(None),
            Self::Url(url) => ("proxy", url.0.trim().to_owned()),
            Self::Environment => {
                let own = if server.scheme_str() == Some("https") {
                    ["HTTPS_PROXY", "https_proxy"]
                } else {
                    ["HTTP_PROXY", "http_proxy"]
                };
                // Behind a CGI, a request's header `Proxy` would be HTTP_PROXY.
                let cgi = variable("REQUEST_METHOD").is_some();
                let names = own.into_iter().filter(|name| !cgi || *name != "HTTP_PROXY");
                let names = names.chain(["ALL_PROXY", "all_proxy"]);
                let Some(found) = { names }.find_map(|name| Some((name, variable(name)?))) else {
                    return Ok(None);
                };
                let none = variable("NO_PROXY").or_else(|| variable("no_proxy")).unwrap_or_default();
                let any = Matcher::builder().all("http://proxy").no(format!("{LOOPBACK},{none}")).build();
                if any.intercept(&server).is_none() {
                    return Ok(None);
                }
                found
            }
        };
        let found = Matcher::builder().all(url).build().intercept(&server);
        let usable = |found: &Intercept| {
            // Of a password with an @ in it, the rest would be taken for the host, and shown.
            let whole = found.uri().authority().is_some_and(|authority| !authority.as_str().contains('@'));
            whole && matches!(found.uri().scheme_str(), Some("http" | "https"))
        };
        if let Some(found) = found.filter(usable) {
            return Ok(Some(Proxy::new(&found)));
        }
        let fault = "is not the URL of an HTTP proxy: use one such as http://proxy.example.com:3128, with special characters in name and password percent-encoded";
        let exempt = if origin == "proxy" { "" } else { ", or name the server in NO_PROXY" };
        Err((origin, format!("{fault}{exempt}")))
    }
}

impl Proxy {
    fn new(found: &Intercept) -> Self {
        Self { address: found.uri().clone(), authorization: found.basic_auth().cloned() }
    }

    pub(super) fn is_tls(&self) -> bool {
        self.address.scheme_str() == Some("https")
    }

    /// An error on the way, which names this proxy.
    pub(super) fn failed(&self, source: impl Into<Cause>) -> Cause {
        Box::new(ByWayOf { proxy: self.address.clone(), source: source.into() })
    }

    pub(super) const fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

/// Connects to the server, or to the proxy before it.
#[derive(Debug, Clone)]
pub(super) enum Connector {
    Direct(HttpConnector),
    /// Plain HTTP: the proxy is given the requests.
    Forward {
        proxy: Uri,
        connector: HttpsConnector<HttpConnector>,
    },
    /// TLS: the proxy is given the bytes.
    Tunnel(Tunnel<HttpsConnector<HttpConnector>>),
}

impl Connector {
    pub(super) fn by_way_of(proxy: &Proxy, tls: bool, connector: HttpsConnector<HttpConnector>) -> Self {
        let address = proxy.address.clone();
        if !tls {
            return Self::Forward { proxy: address, connector };
        }
        let mut tunnel = Tunnel::new(address.clone(), connector);
        if let Some(authorization) = &proxy.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        Self::Tunnel(tunnel)
    }
}

/// What failed between here and a server that is behind a proxy.
#[derive(Debug, thiserror::Error)]
#[error("by way of the proxy {proxy}")]
pub(super) struct ByWayOf {
    proxy: Uri,
    source: Cause,
}

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Link, Cause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        match self {
            Self::Direct(tcp) => tcp.poll_ready(context).map_err(Into::into),
            Self::Forward { connector, .. } => connector.poll_ready(context),
            Self::Tunnel(tunnel) => tunnel.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        match self {
            Self::Direct(tcp) => {
                let connecting = tcp.call(server);
                Box::pin(async move {
                    Ok(Link { io: MaybeHttpsStream::Http(connecting.await?), forwarded: false })
                })
            }
            Self::Forward { proxy, connector } => {
                let connecting = connector.call(proxy.clone());
                Box::pin(async move { Ok(Link { io: connecting.await?, forwarded: true }) })
            }
            Self::Tunnel(tunnel) => {
                let connecting = tunnel.call(server);
                Box::pin(async move { Ok(Link { io: connecting.await?, forwarded: false }) })
            }
        }
    }
}

/// A connection to the server or the proxy.
pub(super) struct Link {
    io: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// Requests on it name the whole URL.
    forwarded: bool,
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.forwarded)
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "https://sspp.example.com/api/v1";

    fn found(
        choice: &ProxyChoice,
        server: &str,
        environment: &[(&str, &str)],
    ) -> Result<Option<String>, String> {
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let found = choice.find(server, variable).map_err(|(origin, fault)| format!("{origin} {fault}"));
        Ok(found?.map(|proxy| proxy.address.to_string()))
    }

    #[test]
    fn the_environment_names_a_proxy_by_the_servers_scheme() {
        let from = |server, environment: &[_]| found(&ProxyChoice::Environment, server, environment).unwrap();
        assert_eq!(from(SERVER, &[]), None);
        let all = [("https_proxy", "http://s:1"), ("HTTP_PROXY", "h:2"), ("ALL_PROXY", "http://a:3")];
        assert_eq!(from(SERVER, &all).as_deref(), Some("http://s:1/"));
        assert_eq!(from("http://sspp.example.com", &all).as_deref(), Some("http://h:2/"));
        assert_eq!(from(SERVER, &all[2..]).as_deref(), Some("http://a:3/"));
        for exempt in ["example.com", "*", ".example.com, other"] {
            assert_eq!(from(SERVER, &[all[0], ("NO_PROXY", exempt)]), None, "{exempt}");
        }
        for near in ["https://localhost:1", "https://127.0.0.7", "https://[::1]:3000"] {
            assert_eq!(from(near, &all), None, "{near}");
        }
        let cgi = ("REQUEST_METHOD", "GET");
        assert_eq!(from("http://sspp.example.com", &[all[1], cgi]), None);
        assert_eq!(
            from("http://sspp.example.com", &[all[1], cgi, ("http_proxy", "l:4")]).as_deref(),
            Some("http://l:4/")
        );
        assert_eq!(from(SERVER, &[all[0], cgi]).as_deref(), Some("http://s:1/"));
    }

    #[test]
    fn a_proxy_that_code_names_wins_and_what_is_none_is_a_fault_without_its_password() {
        let choose = |url: &str| ProxyChoice::Url(Secret(url.to_owned()));
        let environment = [("HTTPS_PROXY", "http://s:1")];
        assert_eq!(
            found(&choose(" http://u:p@c:9/x"), SERVER, &environment).unwrap().as_deref(),
            Some("http://c:9/")
        );
        assert_eq!(found(&choose("c:9"), "http://127.0.0.1:3", &[]).unwrap().as_deref(), Some("http://c:9/"));
        assert_eq!(found(&ProxyChoice::Direct, SERVER, &environment), Ok(None));
        for wrong in
            ["", "http://", "socks5://u:hush@c:1", "http://u:hu sh@c:1", "ftp://hush@c", "http://u:h@sh@c:1"]
        {
            let fault = found(&choose(wrong), SERVER, &[]).unwrap_err();
            assert!(
                fault.starts_with("proxy is not the URL of an HTTP proxy") && !fault.contains("sh"),
                "{wrong}: {fault}"
            );
        }
        let fault = found(&ProxyChoice::Environment, SERVER, &[("ALL_PROXY", "socks5://c:1")]).unwrap_err();
        assert!(fault.starts_with("ALL_PROXY is not the URL") && fault.contains("NO_PROXY"), "{fault}");
        let near =
            found(&ProxyChoice::Environment, "http://127.0.0.1:3000", &[("ALL_PROXY", "socks5://c:1")]);
        assert_eq!(near, Ok(None));
    }
}
