//! What the settings come to, within what the operating system gives.

use std::time::Duration;

use super::ServerArgs;

/// Files that are no connections of clients: the data file, the log, connections to Redis and PostgreSQL, refused connections
/// that are still being closed.
const OTHER_FILES: u64 = 128;

/// What a connection may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(super) connections: usize,
    pub(super) header_timeout: Duration,
    pub(super) idle_timeout: Duration,
}

impl Limits {
    /// Raises this process' limit of open files as far as the connections need it. Where the system gives fewer, fewer
    /// connections are taken: without a file left the service could not reach its own dependencies.
    pub fn new(settings: &ServerArgs) -> Self {
        let wanted = u64::from(settings.max_connections);
        let files = rlimit::increase_nofile_limit(wanted + OTHER_FILES);
        let connections = files.map_or(wanted, |files| affordable(wanted, files));
        if connections < wanted {
            tracing::warn!(
                wanted,
                connections,
                "fewer connections than SSPP_MAX_CONNECTIONS are accepted: the limit of open files is too low; raise its hard limit (ulimit -Hn, LimitNOFILE=)"
            );
        }
        Self {
            connections: usize::try_from(connections).unwrap_or(usize::MAX),
            header_timeout: settings.header_timeout,
            idle_timeout: settings.idle_timeout,
        }
    }
}

fn affordable(wanted: u64, files: u64) -> u64 {
    wanted.min(files.saturating_sub(OTHER_FILES).max(files / 4)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (wanted, files, connections) in [
            (4_096, 20_000, 4_096),
            (4_096, 4_224, 4_096),
            (4_096, 1_024, 896),
            (4_096, 64, 16),
            (1, 20_000, 1),
            (5, 0, 1),
        ] {
            assert_eq!(affordable(wanted, files), connections, "{wanted} of {files}");
        }
    }
}
