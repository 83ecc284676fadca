//! stub
use crate::{Clock, EventQueue, Random, ScoringModel, SignalStore};
use std::sync::Arc;
/// Settings.
#[derive(Debug, Clone, Default)]
pub struct PipelineConfig {}
/// The pipeline.
#[derive(Debug)]
pub struct Pipeline {}
impl Pipeline {
    /// New.
    pub fn new(
        _queue: Arc<dyn EventQueue>,
        _store: Arc<dyn SignalStore>,
        _model: Arc<ScoringModel>,
        _clock: Arc<dyn Clock>,
        _random: Arc<dyn Random>,
        _config: PipelineConfig,
    ) -> Self {
        todo!()
    }
    /// Runs until stopped.
    pub async fn run(self, _stop: tokio_util::sync::CancellationToken) {
        todo!()
    }
}
