//! The health check of a container without a shell: a second process asks the one that serves whether it is ready.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use clap::Args;

use super::{Failure, print};

/// For connecting, and then for the status line, however slowly it comes.
const WITHIN: Duration = Duration::from_secs(4);
/// A status line is shorter than this.
const LINE: usize = 1_024;

/// Which process is asked: the API, unless a binary changes the port's variable and default.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// #[command(mut_arg("port", |port| port.env("WORKER_PORT").default_value("3001")))]
/// struct CommandLine {
///     #[command(flatten)]
///     healthcheck: sspp_runtime::HealthcheckArgs,
/// }
/// assert_eq!(CommandLine::parse_from(["x"]).healthcheck.port, 3001);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct HealthcheckArgs {
    /// The port that it listens on.
    #[arg(short, long, env = "PORT", value_name = "PORT", default_value_t = 3000,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,

    /// The address that it listens on.
    #[arg(long, env = "SSPP_BIND", value_name = "SSPP_BIND", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,
}

impl HealthcheckArgs {
    /// Asks, and prints the answer.
    pub fn run(&self) -> Result<(), Failure> {
        print(&healthcheck(SocketAddr::new(self.bind, self.port)).map_err(Failure::run)?)
    }
}

/// Asks `/ready` of the server on this address and gives a line about it: `Ok` when it is ready.
///
/// An unspecified address (`0.0.0.0`) is asked over loopback.
fn healthcheck(address: SocketAddr) -> Result<String, String> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, address.port());
    let away = |error| {
        format!(
            "{address} does not answer: {error}; check that the process runs and that this is its address"
        )
    };
    let status = ask(address).map_err(away)?;
    match status {
        Some(200) => Ok(format!("ready: {address}")),
        Some(status) => Err(format!("not ready: {address} answers {status}")),
        None => Err(format!("{address} does not speak HTTP")),
    }
}

fn ask(address: SocketAddr) -> std::io::Result<Option<u16>> {
    let mut stream = TcpStream::connect_timeout(&address, WITHIN)?;
    stream.set_write_timeout(Some(WITHIN))?;
    write!(stream, "GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let began = Instant::now();
    let (mut answer, mut read) = ([0; LINE], 0);
    while read < LINE && !answer[..read].contains(&b'\n') {
        let left = WITHIN.checked_sub(began.elapsed()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(std::io::ErrorKind::TimedOut)?))?;
        match stream.read(&mut answer[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(status(&answer[..read]))
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let text = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    text.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_answer_that_never_ends_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for (head, mut stream) in
                [&b"HTTP/1.1 200 OK\r\n"[..], b"HTTP/1.1 "].into_iter().zip(listener.incoming().flatten())
            {
                drop(stream.write_all(head));
                // Until the other side is gone.
                while stream.write_all(b"x").is_ok() {
                    std::thread::yield_now();
                }
            }
        });
        assert!(healthcheck(address).unwrap().starts_with("ready"));
        assert!(healthcheck(address).unwrap_err().contains("does not speak HTTP"));
    }

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
