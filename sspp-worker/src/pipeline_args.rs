//! The settings of a pipeline, for flags and environment.

use std::time::Duration;

use clap::Args;
use sspp_core::{PgConfig, PipelineConfig, RedisConfig};
use sspp_runtime::{ConfigError, read_duration};

/// How a pipeline runs in a process.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     pipeline: sspp_worker::PipelineArgs,
/// }
/// let args = Config::parse_from(["x", "--queue-concurrency", "4"]).pipeline;
/// assert_eq!(args.config().readers, 4);
/// ```
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Pipeline")]
pub struct PipelineArgs {
    /// How many batches of events are scored and stored at the same time.
    #[arg(long, env = "QUEUE_CONCURRENCY", value_name = "QUEUE_CONCURRENCY", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub queue_concurrency: u16,

    /// The maximum number of events in a batch.
    #[arg(long, env = "SSPP_BATCH_SIZE", value_name = "SSPP_BATCH_SIZE", default_value_t = 500,
          value_parser = clap::value_parser!(u16).range(1..=5_000))]
    pub batch_size: u16,

    /// How long a worker may hold an event without renewing its claim before another worker takes it over, such as 60s. Must
    /// exceed `SSPP_STATEMENT_TIMEOUT`.
    #[arg(long, env = "SSPP_CLAIM_BOUND", value_name = "SSPP_CLAIM_BOUND", default_value = "60s", value_parser = read_duration)]
    pub claim_bound: Duration,
}

impl PipelineArgs {
    /// The pipeline's settings.
    pub fn config(&self) -> PipelineConfig {
        PipelineConfig {
            readers: self.queue_concurrency.into(),
            batch: self.batch_size.into(),
            ..PipelineConfig::default()
        }
    }

    /// Sets the limit of a claim, which has to be longer than a statement may take.
    pub(crate) fn limit_claims(
        &self,
        redis: &mut RedisConfig,
        postgres: &PgConfig,
    ) -> Result<(), ConfigError> {
        let (claim_bound, statement_timeout) = (self.claim_bound, postgres.statement_timeout);
        if claim_bound <= statement_timeout {
            return Err(ConfigError::ClaimBound { claim_bound, statement_timeout });
        }
        redis.claim_bound = claim_bound;
        // A claim is renewed every third of the bound: a command must be over by then.
        redis.command_timeout = redis.command_timeout.min(claim_bound / 3);
        Ok(())
    }
}
