//! The settings of a pipeline, for flags and environment.

use clap::Args;

use sspp_engine::PipelineConfig;

/// How a pipeline runs in a process.
///
/// ```
/// use clap::Parser as _;
/// #[derive(clap::Parser)]
/// struct Config {
///     #[command(flatten)]
///     pipeline: sspp_runtime::PipelineArgs,
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
}
