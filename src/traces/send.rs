//! From batches of spans to the collector.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use poem::http::{HeaderMap, HeaderValue, Method, header};
use prost::Message as _;
use tokio::runtime::Handle;

use crate::clock::{Clock, UnixMicros};
use crate::config::PublicUrl;
use crate::http::outbound::{Destination, OutboundClient, OutboundRequest, OutboundUrl};
use crate::logging::LoggingError;

/// How long one batch may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Time between two complaints.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Sends batches, each by one request of its own.
pub(super) struct Sender {
    destination: Destination,
    outbound: OutboundClient,
    runtime: Handle,
    clock: Clock,
    resource: ResourceAttributesWithSchema,
    /// When the log was last told of a failure, in microseconds since 1970.
    complained_at_us: AtomicI64,
    /// Spans that were lost since.
    lost: AtomicU64,
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    /// To the collector at this URL, on the runtime that this is called on.
    pub fn new(
        endpoint: &PublicUrl,
        outbound: OutboundClient,
        clock: Clock,
    ) -> Result<Self, LoggingError> {
        let url = OutboundUrl::parse(endpoint.as_str()).and_then(|url| url.join("v1/traces"));
        let url = url.map_err(|wrong| LoggingError::Traces(wrong.to_string()))?;
        let runtime =
            Handle::try_current().map_err(|error| LoggingError::Traces(error.to_string()))?;
        Ok(Self {
            destination: Destination::Operator(url),
            outbound,
            runtime,
            clock,
            resource: (&Resource::builder_empty().build()).into(),
            complained_at_us: AtomicI64::new(i64::MIN),
            lost: AtomicU64::new(0),
        })
    }

    fn request(&self, batch: Vec<SpanData>) -> OutboundRequest {
        let message = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(batch, &self.resource),
        };
        let mut headers = HeaderMap::new();
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        headers.insert(header::CONTENT_TYPE, protobuf);
        OutboundRequest::new(Method::POST, self.destination.clone())
            .headers(headers)
            .body(message.encode_to_vec())
            .timeout(PATIENCE)
            .limit_bytes(LONGEST_ANSWER)
    }

    /// Tells the log, but not each time: a collector that is down is no reason to fill the disk.
    fn complain(&self, spans: usize, reason: &str) {
        let spans = u64::try_from(spans).unwrap_or(u64::MAX);
        let lost = self.lost.fetch_add(spans, Ordering::Relaxed) + spans;
        let now = self.clock.now();
        let before = UnixMicros::new(self.complained_at_us.load(Ordering::Relaxed));
        if now.before(PAUSE) < before {
            return;
        }
        self.complained_at_us.store(now.get(), Ordering::Relaxed);
        self.lost.store(0, Ordering::Relaxed);
        tracing::warn!(
            spans = lost,
            error.cause = reason,
            "traces could not be sent and are lost; for the next 10 minutes this is not told again"
        );
    }
}

impl SpanExporter for Sender {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let request = self.request(batch);
        let outbound = self.outbound.clone();
        // Batches are made on a thread of their own, outside of the runtime that connections need.
        let sent = self
            .runtime
            .spawn(async move { outbound.send(request).await });
        let failure = match sent.await {
            Ok(Ok(answer)) if answer.status.is_success() => return Ok(()),
            Ok(Ok(answer)) => format!("the collector answers with {}", answer.status),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        self.complain(count, &failure);
        Err(OTelSdkError::InternalFailure(failure))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}
