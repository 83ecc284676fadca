//! How a process asks itself, or rather its twin that serves, whether it is ready: for containers without a shell.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(4);
/// More of an answer than this is not read: the status is in the first line.
const READ_AT_MOST: u64 = 16 * 1024;

/// Asks `/ready` of the server on this address and gives a line about it: `Ok` when it is ready.
///
/// An unspecified address (`0.0.0.0`) is asked over loopback.
///
/// ```
/// let nobody = "127.0.0.1:1".parse().unwrap();
/// assert!(sspp_core::service::healthcheck(nobody).unwrap_err().contains("127.0.0.1:1"));
/// ```
pub fn healthcheck(address: SocketAddr) -> Result<String, String> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, address.port());
    if address.port() == 0 {
        return Err("the port is 0, which means any: name the one that is served on".to_owned());
    }
    let status = ask(address).map_err(|error| format!("{address} does not answer: {error}"))?;
    match status {
        Some(200) => Ok(format!("ready: {address}")),
        Some(status) => Err(format!("not ready: {address} answers {status}")),
        None => Err(format!("{address} does not speak HTTP")),
    }
}

fn ask(address: SocketAddr) -> std::io::Result<Option<u16>> {
    let mut stream = TcpStream::connect_timeout(&address, WITHIN)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    write!(stream, "GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(READ_AT_MOST).read_to_end(&mut answer)?;
    Ok(status(&answer))
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let text = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    text.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_in_the_first_line() {
        for (answer, expected) in [
            (&b"HTTP/1.1 200 OK\r\n\r\n"[..], Some(200)),
            (b"HTTP/1.1 503 Service Unavailable\r\nx: 200\r\n\r\n", Some(503)),
            (b"HTTP/1.0 204\r\n", Some(204)),
            (b"SSH-2.0-OpenSSH_9.2\r\n", None),
            (b"", None),
            (b"\xff\xfe", None),
        ] {
            assert_eq!(status(answer), expected, "{answer:?}");
        }
    }
}
