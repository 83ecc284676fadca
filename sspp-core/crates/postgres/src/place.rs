//! Where PostgreSQL is, and why it cannot be reached: in words that name the address, the cause and what to do.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tokio::sync::Mutex;

/// How long the result of asking the server is used.
const FRESH: Duration = Duration::from_secs(1);
/// The pause between two tries to connect to a server that may be starting.
const AGAIN: Duration = Duration::from_millis(100);

/// A server and a database on it.
pub(super) struct Place {
    options: PgConnectOptions,
    /// When it was looked at last, and what was seen.
    seen: Mutex<Option<(Instant, Result<(), Away>)>>,
}

/// Why a server cannot be used.
#[derive(Debug, Clone)]
pub(super) struct Away {
    pub(super) reason: String,
    /// A server that answers has no room, perhaps, or is starting; the connections that there are may be good.
    pub(super) answers: bool,
}

impl Place {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options, seen: Mutex::default() }
    }

    /// Whether one more connection can be made. Callers that ask together look once.
    pub(super) async fn look(&self) -> Result<(), Away> {
        let mut seen = self.seen.lock().await;
        if let Some((at, found)) = &*seen
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = self.options.connect().await.map(drop).map_err(|error| Away {
            reason: self.unreachable(&error),
            answers: matches!(error, sqlx::Error::Database(_)),
        });
        *seen = Some((Instant::now(), found.clone()));
        found
    }

    /// Connects, within a time in which a server may still be starting.
    pub(super) async fn connect(&self, within: Duration) -> Result<PgConnection, String> {
        let mut last = None;
        let connecting = async {
            loop {
                match self.options.connect().await {
                    Ok(connection) => return Ok(connection),
                    Err(error) if !is_passing(&error) => return Err(self.unreachable(&error)),
                    Err(error) => last = Some(self.unreachable(&error)),
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        let connected = tokio::time::timeout(within, connecting).await.ok();
        connected.unwrap_or_else(|| Err(last.unwrap_or_else(|| self.no_answer(within))))
    }

    pub(super) fn no_answer(&self, within: Duration) -> String {
        let within = within.as_secs_f64();
        format!("{self} gave no answer within {within} s: check host, port and firewall")
    }

    pub(super) fn unreachable(&self, error: &sqlx::Error) -> String {
        let (cause, advice) = match error {
            sqlx::Error::Io(error) => (error.to_string(), of_io(error)),
            sqlx::Error::Tls(error) => (error.to_string(), "check sslmode in the URL"),
            sqlx::Error::Database(error) => {
                (error.message().to_owned(), of_state(error.code().as_deref().unwrap_or_default()))
            }
            sqlx::Error::Protocol(error) => (error.clone(), "check that this is the port of PostgreSQL"),
            other => (other.to_string(), ""),
        };
        let joined = if advice.is_empty() { "" } else { "; " };
        format!("{self} cannot be used: {cause}{joined}{advice}")
    }
}

fn of_io(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "check that it runs, and check host and port",
        ErrorKind::NotFound => "check that it runs, and that this is the folder of its socket",
        // A name that is not known has no kind of its own.
        _ if error.to_string().contains("lookup address") => "check the host name",
        _ => "check host and port",
    }
}

/// What to do about a refusal (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn of_state(state: &str) -> &'static str {
    match state {
        "28P01" | "28000" => "check user and password, and pg_hba.conf",
        "3D000" => "create the database, or choose another",
        "53300" => {
            "allow more connections there (max_connections), or fewer here (SSPP_DATABASE_CONNECTIONS)"
        }
        _ => "",
    }
}

/// A server that is starting, or has no room, may do better in a moment.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => {
            matches!(error.code().as_deref(), Some("57P03" | "53300"))
        }
        _ => false,
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        match self.options.get_socket() {
            Some(socket) => write!(f, "PostgreSQL at {} port {port}, database {database},", socket.display()),
            None => write!(f, "PostgreSQL at {host}:{port}, database {database},"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_host_port_and_database_and_no_password() {
        for (url, said) in [
            ("postgres://u:hunter2@db.example/sspp", "PostgreSQL at db.example:5432, database sspp,"),
            ("postgres://u:hunter2@[::1]:5433/sspp", "PostgreSQL at [::1]:5433, database sspp,"),
            ("postgres://u:hunter2@%2Frun%2Fpg/sspp", "PostgreSQL at /run/pg port 5432, database sspp,"),
        ] {
            assert_eq!(Place::new(url.parse().unwrap()).to_string(), said);
        }
    }

    #[tokio::test]
    async fn what_listens_there_or_not_is_distinguished() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                use tokio::io::AsyncWriteExt as _;
                drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
            }
        });
        for (host, said) in [
            ("127.0.0.1:1", "127.0.0.1:1, database sspp, cannot be used: Connection refused"),
            ("nowhere.invalid", "check the host name"),
            (&format!("127.0.0.1:{port}"), "the port of PostgreSQL"),
        ] {
            let place = Place::new(format!("postgres://u:hunter2@{host}/sspp").parse().unwrap());
            let Away { reason, answers } = place.look().await.unwrap_err();
            assert!(reason.contains(said) && !reason.contains("hunter2") && !answers, "{reason}");
            let failed = place.connect(Duration::from_millis(250)).await.unwrap_err();
            assert!(failed.contains(said), "{failed}");
        }
    }
}
