//! The way to the server: TLS with an authority of one's own, and proxies.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sspp_client::{Backoff, Client, ClientBuilder, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::server::{Reply, Server};
use crate::{event, run};

/// An authority, and what a server with its certificate needs.
fn authority() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// Serves connections on a thread of its own, for as long as the process lives.
fn listen<F, D>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> D + Send + 'static,
    D: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    address
}

/// TLS before a server without.
fn tls(acceptor: TlsAcceptor, server: &Server) -> SocketAddr {
    let plain = server.url.strip_prefix("http://").unwrap().to_owned();
    listen(move |stream| {
        let (acceptor, plain) = (acceptor.clone(), plain.clone());
        async move {
            let mut inside = acceptor.accept(stream).await?;
            copy_bidirectional(&mut inside, &mut TcpStream::connect(plain).await?).await?;
            Ok(())
        }
    })
}

/// Heads of requests that a proxy saw.
type Seen = Arc<Mutex<Vec<String>>>;

/// A proxy that tunnels and forwards, if the name and password are `ada:p@ss`.
fn proxy() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let heads = Arc::clone(&seen);
    let address = listen(move |stream| relay(stream, Arc::clone(&heads)));
    (address, seen)
}

async fn relay(mut stream: TcpStream, seen: Seen) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(text.clone());
    if !text.to_ascii_lowercase().contains("proxy-authorization: basic ywrhonbac3m=") {
        return stream.write_all(b"HTTP/1.1 407 X\r\ncontent-length: 0\r\n\r\n").await;
    }
    let target = text.split(' ').nth(1).unwrap();
    let mut server;
    if text.starts_with("CONNECT ") {
        server = TcpStream::connect(target).await?;
        stream.write_all(b"HTTP/1.1 200 X\r\n\r\n").await?;
    } else {
        let host = target.strip_prefix("http://").unwrap().split('/').next().unwrap();
        server = TcpStream::connect(host).await?;
        server.write_all(text.as_bytes()).await?;
    }
    copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

fn once(url: String) -> ClientBuilder {
    Client::builder(url).backoff(Backoff { attempts: 1, ..Backoff::default() })
}

/// Sends an event, or says in words why it did not arrive.
fn sent(builder: ClientBuilder) -> Result<(), String> {
    let client = builder.build().unwrap();
    match &run(client.send([event(0)])).unwrap()[0].verdict {
        Verdict::Accepted => Ok(()),
        Verdict::NotSent { error, .. } => Err(error.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_authority_of_ones_own_is_trusted_once_it_is_given() {
    let server = Server::start(|_, _| Reply::Judge);
    let (pem, acceptor) = authority();
    let address = tls(acceptor, &server);
    for host in ["localhost".to_owned(), address.ip().to_string()] {
        let url = || format!("https://{host}:{}", address.port());
        let other = sent(once(url()).root_certificates(authority().0)).unwrap_err();
        assert!(other.contains("certificate"), "{other}");
        assert_eq!(
            sent(once(url()).root_certificates(authority().0).root_certificates(pem.as_str())),
            Ok(())
        );
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn certificates_that_are_none_are_named() {
    let (pem, _) = authority();
    let cut = &pem[..pem.len() / 2];
    let garbled = pem.replace("\nM", "\n!");
    let key = KeyPair::generate().unwrap().serialize_pem();
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for wrong in ["", "a path.pem", cut, garbled.as_str(), key.as_str(), other] {
        let error = once("http://h".to_owned())
            .root_certificates(pem.as_str())
            .root_certificates(wrong)
            .build()
            .unwrap_err();
        let fault = &error.faults()[0];
        assert!(
            fault.starts_with("root_certificates ") && fault.contains("BEGIN CERTIFICATE"),
            "{wrong}: {fault}"
        );
        assert!(!fault.contains("PRIVATE"), "{fault}");
    }
}

#[test]
fn https_goes_through_a_tunnel_and_http_is_forwarded() {
    let server = Server::start(|_, _| Reply::Judge);
    let (pem, acceptor) = authority();
    let secure = tls(acceptor, &server);
    let (address, seen) = proxy();
    let by = format!("http://ada:p%40ss@{address}");
    let untrusted =
        sent(once(format!("https://{secure}")).root_certificates(authority().0).proxy(&by)).unwrap_err();
    assert!(untrusted.contains(&format!("by way of the proxy http://{address}")), "{untrusted}");
    assert!(untrusted.contains("certificate") && !untrusted.contains("p%40ss"), "{untrusted}");
    seen.lock().unwrap().clear();
    assert_eq!(sent(once(format!("https://{secure}")).root_certificates(pem).proxy(&by)), Ok(()));
    assert_eq!(sent(once(server.url.clone()).proxy(&by)), Ok(()));
    let seen = seen.lock().unwrap();
    let lines: Vec<_> = seen.iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [format!("CONNECT {secure} HTTP/1.1"), format!("POST {}/api/v1/events/batch HTTP/1.1", server.url)]
    );
    // The password for the proxy is for the proxy; inside the tunnel there is none.
    assert!(!server.requests()[0].headers.contains_key("proxy-authorization"));
    // The proxy reached by TLS, with the same authority.
    drop(seen);
    let (pem, acceptor) = authority();
    let secure_proxy = listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut inside = acceptor.accept(stream).await?;
            copy_bidirectional(&mut inside, &mut TcpStream::connect(address).await?).await?;
            Ok(())
        }
    });
    let by = format!("https://ada:p%40ss@localhost:{}", secure_proxy.port());
    assert_eq!(sent(once(server.url.clone()).root_certificates(pem).proxy(by)), Ok(()));
}

#[test]
fn a_proxy_that_says_no_is_named_without_its_password() {
    let server = Server::start(|_, _| Reply::Judge);
    let (address, _) = proxy();
    let by = format!("http://ada:wrong@{address}");
    let tunnel = sent(once("https://sspp.example.com".to_owned()).proxy(&by)).unwrap_err();
    assert!(
        tunnel.contains(&format!("by way of the proxy http://{address}")) && tunnel.contains("authorization"),
        "{tunnel}"
    );
    let forward = sent(once(server.url.clone()).proxy(&by)).unwrap_err();
    assert!(forward.contains("407") && forward.contains("proxy"), "{forward}");
    let away = format!("http://ada:wrong@{}", crate::server::closed_port());
    let away_said = sent(once(server.url.clone()).proxy(away)).unwrap_err();
    assert!(away_said.contains("by way of the proxy"), "{away_said}");
    for text in [tunnel, forward, away_said] {
        assert!(!text.contains("wrong"), "{text}");
    }
    assert!(server.requests().is_empty());
}
