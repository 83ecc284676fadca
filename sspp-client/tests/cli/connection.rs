//! Servers that are not there, or are something else: the address and the cause are named.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::{Said, command, sspp};

/// A server that reads a little and says this, once for each connection.
pub(crate) fn server(says: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // What it does not take is the client's matter.
            let _: std::io::Result<usize> = stream.read(&mut [0; 1_000]);
            let _: std::io::Result<()> = stream.write_all(says);
        }
    });
    address.to_string()
}

#[test]
fn a_connection_that_fails_names_the_address_and_the_cause() {
    let other =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
    let missing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let unknown = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nhi";
    for (url, code, words) in [
        ("http://127.0.0.1:1".to_owned(), 3, &["connection refused", "SSPP_URL"][..]),
        ("https://127.0.0.1:1".to_owned(), 3, &["connection refused"]),
        ("http://no-such-host.invalid".to_owned(), 3, &["cannot be resolved"]),
        (format!("http://{}", server(b"")), 3, &["closed it without an answer"]),
        (format!("http://{}", server(b"SSH-2.0-OpenSSH_9.9\r\n")), 3, &["does not speak HTTP", "https://"]),
        (format!("http://{}", server(cut)), 3, &["before its answer was whole"]),
        (format!("http://{}", server(other)), 3, &["other than an SSPP server"]),
        (format!("http://{}", server(missing)), 1, &["there is no SSPP server"]),
        (format!("http://{}", server(unknown)), 4, &["answered 401", "--api-key or SSPP_API_KEY"]),
        (format!("https://{}", server(other)), 3, &["does not speak TLS", "http://"]),
        (format!("https://{}", server(b"")), 3, &["closed it"]),
    ] {
        let said = sspp(&url, &["signals"]);
        assert_eq!(said.code, code, "{url}: {said:?}");
        for word in words.iter().chain(&[url.as_str()]) {
            assert!(said.err.contains(word), "{url}: {word}: {said:?}");
        }
        for inner in ["set api_key", "Canceled", "canceled", "(Connect)", "(SendRequest)", "os error"] {
            assert!(!said.err.contains(inner), "{url}: {said:?}");
        }
    }
}

#[test]
fn one_hint_is_enough() {
    let busy = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: 59\r\nconnection: close\r\n\r\n\
        {\"type\":\"urn:x\",\"detail\":\"It is full. Try again later.....\"}";
    let said = sspp(&format!("http://{}", server(busy)), &["signals"]);
    assert!(said.code == 3 && said.err.to_lowercase().matches("try again").count() == 1, "{said:?}");
    let page =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
    let said = sspp(&format!("http://{}", server(page)), &["signals"]);
    assert!(said.err.contains("check the URL") && !said.err.contains("running there"), "{said:?}");
}

#[test]
fn a_wrong_key_leaves_no_checkpoint() {
    let unknown = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.csv");
    std::fs::write(&file, "accountId,userId,eventType,timestamp\na,u,call_made,2026-01-15\n").unwrap();
    let said = sspp(&format!("http://{}", server(unknown)), &["import", file.to_str().unwrap()]);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert!(said.code == 4 && left == 1, "{said:?}");
}

#[test]
fn a_proxy_that_fails_is_named() {
    let wants = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let refuses = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    for (variable, proxy, url, word) in [
        ("HTTP_PROXY", "127.0.0.1:1".to_owned(), "http://sspp.invalid", "connection refused"),
        ("HTTPS_PROXY", "127.0.0.1:1".to_owned(), "https://sspp.invalid", "connection refused"),
        ("HTTPS_PROXY", "no-such-proxy.invalid:1".to_owned(), "https://sspp.invalid", "cannot be resolved"),
        ("HTTPS_PROXY", server(wants), "https://sspp.invalid", "add a name and password to its URL"),
        ("HTTPS_PROXY", server(refuses), "https://sspp.invalid", "does not connect to that server"),
    ] {
        let said =
            Said::from(command(url, &["signals"]).env(variable, format!("http://{proxy}")).output().unwrap());
        assert_eq!(said.code, 3, "{said:?}");
        for word in [url, &format!("by way of the proxy http://{proxy}"), word] {
            assert!(said.err.contains(word), "{word}: {said:?}");
        }
    }
    let wrong = Said::from(
        command("https://sspp.invalid", &["signals"]).env("HTTPS_PROXY", "ftp://x").output().unwrap(),
    );
    assert!(wrong.code == 2 && wrong.err.contains("HTTPS_PROXY"), "{wrong:?}");
}
