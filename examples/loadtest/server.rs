//! A server as a process: started on a free port, watched, asked, and gone when dropped.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::http::Connection;
use crate::{Failure, key};

const START_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first answer of `/ready`, or to its address for one without.
    pub(crate) ready_after: Duration,
}

/// How the jobs of a server stand.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Jobs {
    pub(crate) waiting: u64,
    pub(crate) active: u64,
    pub(crate) delayed: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
}

impl Jobs {
    pub(crate) const fn unsettled(&self) -> u64 {
        self.waiting + self.active + self.delayed
    }
}

/// The release binary beside this program, or the one that was named.
pub(crate) fn find(name: &str, named: Option<&Path>) -> Result<PathBuf, Failure> {
    let beside = || Ok::<_, Failure>(std::env::current_exe()?.with_file_name(name));
    let path = named.map_or_else(beside, |path| Ok(path.to_owned()))?;
    if path.is_file() {
        return Ok(path);
    }
    let how = format!("build it with `cargo build --release -p {name}`, or name another (see --help)");
    Err(format!("there is no {name} at {}: {how}", path.display()).into())
}

impl Server {
    /// Starts sspp-api over a new data file in a folder and waits until it takes events.
    pub(crate) async fn start(binary: &Path, folder: &Path, name: &str) -> Result<Self, Failure> {
        let data = folder.join(format!("{name}.db")).display().to_string();
        Self::start_with(binary, &["--port", "0", "--data", &data], &[], &folder.join(format!("{name}.log")))
            .await
    }

    /// Starts a binary and waits until it is ready.
    pub(crate) async fn start_with(
        binary: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
        log: &Path,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(binary);
        command.args(arguments).env(key::CONFIGURED.0, key::CONFIGURED.1);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut server = Self::spawn(command, log, true).await?;
        // What it costs to be idle, not what it costs to start.
        tokio::time::sleep(Duration::from_millis(200)).await;
        server
            .process
            .try_wait()?
            .map_or(Ok(server), |status| Err(format!("the server ended: {status}").into()))
    }

    /// Starts the handler that looks at nothing.
    pub(crate) async fn start_bare(folder: &Path, name: &str) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        Self::spawn(command, &folder.join(format!("{name}.log")), false).await
    }

    async fn spawn(mut command: Command, log: &Path, asks_ready: bool) -> Result<Self, Failure> {
        // A file, not a pipe, which would have to be read while the clock runs.
        let output = File::create(log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .current_dir(log.parent().unwrap_or_else(|| Path::new(".")))
            .kill_on_drop(true);
        let began = Instant::now();
        let mut process = command.spawn()?;
        loop {
            let said = std::fs::read_to_string(log)?;
            if let Some(address) = address_in(&said)
                && (!asks_ready || is_ready(address).await)
            {
                return Ok(Self { process, address, ready_after: began.elapsed() });
            }
            if let Some(status) = process.try_wait()? {
                return Err(
                    format!("the server ended ({status}) before it was ready; it said:\n{said}").into()
                );
            }
            if began.elapsed() > START_LIMIT {
                return Err(
                    format!("the server was not ready after {START_LIMIT:?}; it said:\n{said}").into()
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Resident memory in bytes, now and at its highest; `None` where there is no `/proc`.
    pub(crate) fn memory(&self) -> Option<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()?)).ok()?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
        };
        Some((bytes("VmRSS:")?, bytes("VmHWM:")?))
    }

    /// How its jobs stand.
    pub(crate) async fn jobs(&self) -> Result<Jobs, Failure> {
        let (status, body) = Connection::open(self.address).await?.get("/api/v1/jobs/stats").await?;
        if !status.is_success() {
            return Err(format!("/jobs/stats answers {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body)?)
    }

    /// Asks until nothing is on its way any more or the limit is reached, and gives the last answer.
    pub(crate) async fn drained(&self, limit: Duration) -> Result<Jobs, Failure> {
        let began = Instant::now();
        loop {
            let jobs = self.jobs().await?;
            if jobs.unsettled() == 0 || began.elapsed() > limit {
                return Ok(jobs);
            }
            tokio::time::sleep(POLL * 10).await;
        }
    }

    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.process.kill().await?;
        Ok(())
    }
}

/// The first complete `http://127.0.0.1:PORT` of a text.
fn address_in(said: &str) -> Option<SocketAddr> {
    let complete = &said[..said.rfind('\n')?];
    let (_, rest) = complete.split_once("http://127.0.0.1:")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some(SocketAddr::from(([127, 0, 0, 1], rest[..digits].parse().ok()?)))
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    connection.get("/ready").await.is_ok_and(|(status, _)| status.is_success())
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn an_address_is_read_from_a_complete_line_only() {
        assert_eq!(address_in("SSPP\n  http://127.0.0.1:40"), None);
        let address = address_in("SSPP\n  http://127.0.0.1:4093/api/v1\nmore").unwrap();
        assert_eq!(address.port(), 4093);
        assert_eq!(address_in("listening nowhere\n"), None);
    }
}
