//! A runtime for one piece of work, which a signal stops.

use sspp_runtime::{LogArgs, RunError, StopSignals};

use super::TransferError;

/// Does the work with logs as configured.
pub(super) fn run(
    logs: &LogArgs,
    work: impl AsyncFnOnce(StopSignals) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    logs.check()?.start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(RunError::from)?;
    let done = runtime.block_on(async { work(StopSignals::new().map_err(RunError::from)?).await });
    // A call to a server that is away must not hold up the end.
    runtime.shutdown_background();
    done
}
