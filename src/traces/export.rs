//! From spans to batches of them.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, registry::LookupSpan};

use super::TARGET;
use super::send::Sender;
use crate::app::outbound_settings;
use crate::clock::Clock;
use crate::config::Settings;
use crate::http::outbound::OutboundClient;
use crate::logging::LoggingError;

/// Spans that wait to be sent; more are dropped.
const QUEUE: usize = 2_048;
/// Spans that are sent at once.
const BATCH: usize = 512;
/// Longest time that a span waits for others.
const DELAY: Duration = Duration::from_secs(2);
/// How long what is left may take at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// The sending of traces.
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to send, where the settings say so. It needs the asynchronous runtime.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub fn start(settings: &Settings, clock: &Clock) -> Result<Option<Self>, LoggingError> {
        let tracing = &settings.tracing;
        let Some(endpoint) = &tracing.otlp_endpoint else {
            return Ok(None);
        };
        let outbound = OutboundClient::new(&outbound_settings(settings))
            .map_err(|error| LoggingError::Traces(error.to_string()))?;
        let sender = Sender::new(endpoint, outbound, clock.clone())?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let processor = BatchSpanProcessor::builder(sender)
            .with_batch_config(batches)
            .build();
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", tracing.service_name.clone()),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let share = f64::from(tracing.sample_one_in.get()).recip();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(Sampler::TraceIdRatioBased(share))
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider }))
    }

    /// What makes traces of the spans of this process.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    {
        let scope = InstrumentationScope::builder("kontor").build();
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer_with_scope(scope))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_traced))
    }

    /// Sends what is left, and no more from then on.
    pub async fn end(self) {
        let end = move || self.provider.shutdown_with_timeout(FAREWELL);
        // Whoever cannot be told now was told of in the log before.
        drop(tokio::task::spawn_blocking(end).await);
    }
}

fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == TARGET
}
