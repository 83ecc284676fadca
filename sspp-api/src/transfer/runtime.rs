//! A runtime for one piece of work.

use std::future::Future;

use super::TransferError;
use crate::app::RunError;
use crate::config::Config;

/// Does the work with logs as configured.
pub(super) fn run<T>(
    config: &Config,
    work: impl Future<Output = Result<T, TransferError>>,
) -> Result<T, TransferError> {
    config.checked()?.logs.start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(RunError::from)?;
    runtime.block_on(work)
}
