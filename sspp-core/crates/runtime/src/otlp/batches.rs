//! Around the SDK's batches: a queue that is bounded and counted, a closed list of attributes, and a count of losses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};

use super::client::LastFailure;
use super::losses::Losses;
use sspp_engine::otlp::is_exported;

/// As many spans as wait for the collector; what comes beyond is lost. About a kilobyte each.
pub(super) const QUEUE: usize = 2_048;

/// Spans on their way from where they ended to the exporter.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: AtomicUsize,
    pub(super) losses: Losses,
}

/// Hands ended spans to the SDK's batches, unless too many wait.
#[derive(Debug)]
pub(super) struct Bounded {
    pending: Arc<Pending>,
    batches: BatchSpanProcessor,
}

impl Bounded {
    /// The pause between batches and their size are the SDK's (`OTEL_BSP_SCHEDULE_DELAY`, `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    pub(super) fn new<E: SpanExporter + 'static>(exporter: E, last_failure: LastFailure) -> Self {
        let pending = Arc::new(Pending::default());
        let config = BatchConfigBuilder::default().with_max_queue_size(QUEUE).build();
        let exporter = Counted { pending: Arc::clone(&pending), exporter, last_failure };
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        Self { pending, batches }
    }
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        // The SDK's own queue would drop as well, but without counting.
        if self.pending.waiting.fetch_add(1, Ordering::AcqRel) < QUEUE {
            self.batches.on_end(span);
        } else {
            self.pending.waiting.fetch_sub(1, Ordering::AcqRel);
            self.pending.losses.count(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// An exporter whose losses are counted.
#[derive(Debug)]
struct Counted<E> {
    pending: Arc<Pending>,
    exporter: E,
    last_failure: LastFailure,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.pending.waiting.fetch_sub(spans, Ordering::AcqRel);
        for span in &mut batch {
            span.attributes.retain(is_exported);
        }
        let result = self.exporter.export(batch).await;
        match &result {
            Ok(()) => self.pending.losses.taken(),
            Err(error) => {
                let cause = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).take();
                self.pending.losses.lost(spans, &cause.unwrap_or_else(|| error.to_string()));
            }
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};

    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    /// Holds its first batch until the other end of the channel is dropped.
    #[derive(Debug)]
    struct Held {
        until: Mutex<Receiver<()>>,
        taken: Arc<AtomicUsize>,
    }

    impl SpanExporter for Held {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            // An error is the end of the wait.
            let _ = self.until.lock().unwrap().recv();
            self.taken.fetch_add(batch.len(), Ordering::Relaxed);
            Ok(())
        }
    }

    #[test]
    fn what_the_queue_cannot_hold_is_lost_and_counted_and_no_span_waits() {
        let ((held, until), taken) = (channel(), Arc::new(AtomicUsize::new(0)));
        let bounded =
            Bounded::new(Held { until: until.into(), taken: Arc::clone(&taken) }, LastFailure::default());
        let pending = Arc::clone(&bounded.pending);
        let provider = SdkTracerProvider::builder().with_span_processor(bounded).build();
        let tracer = provider.tracer("test");
        let spans = 2 * QUEUE;
        for _ in 0..spans {
            drop(tracer.start("span"));
        }
        let lost = usize::try_from(pending.losses.unsaid()).unwrap();
        // Beyond the queue there is only the batch that is held.
        assert!((QUEUE / 2..=QUEUE).contains(&lost), "{lost}");
        drop(held);
        provider.shutdown().unwrap();
        assert_eq!(taken.load(Ordering::Relaxed) + lost, spans);
    }
}
