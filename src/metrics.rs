//! What is counted, in the OpenMetrics text form (`/metrics` of the management listener).
//!
//! | metric | labels | meaning |
//! | --- | --- | --- |
//! | `kontor_http_requests_total` | `operation`, `status` | answered requests; status 499: the client went away first |
//! | `kontor_http_request_duration_seconds` | `operation` | time to the head of the answer |
//! | `kontor_http_requests_in_flight` | | requests being served |
//! | `kontor_database_connections` | `state`: `in_use`, `idle` | connections of all pools |
//! | `kontor_database_write_queue_length` | | writes that wait for their turn |
//! | `kontor_password_hashes` | `state`: `waiting`, `running` | the password hashing queue |
//! | `kontor_long_polls_waiting` | | requests that wait for a change |
//! | `kontor_codes_total` | `channel`, `outcome`: `sent`, `undelivered`, `refused`, `solved`, `wrong` | confirmation codes |
//! | `kontor_challenger_setups_total` | | validations that clients of the Challenger set up |
//! | `kontor_challenger_validations_total` | | addresses that people proved |
//! | `kontor_challenger_tokens_total` | | tokens that clients were given for an authorization code |
//! | `kontor_challenger_refusals_total` | `reason`: `wrong_code`, `no_attempts`, `no_transmissions`, `no_changes`, `failed`, `client`, `code`, `too_many_open` | whom the Challenger refused |
//! | `kontor_build_info` | `version` | always 1 |
//!
//! `operation` is an `operationId` of the document, or `none` where no operation was reached, so that no client can
//! make up label values. `channel` is `email`, `sms` or `post`, or `none` where too many codes were asked for before one was chosen.

mod challenger;
mod codes;

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
        info::Info,
    },
    registry::{Registry, Unit},
};

pub use challenger::{ChallengerMetrics, Refusal};
pub use codes::{CodeMetrics, CodeOutcome};

/// The media type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The label of requests that reached no operation.
const NO_OPERATION: &str = "none";

/// Upper bounds in seconds: from a cached read, over a durable write and a password hash, to a long poll.
const DURATION_BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// A number that is read when it is asked for.
pub type Reading = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Where the numbers come from that other parts keep.
#[derive(Clone)]
pub struct Sources {
    /// Connections that a query uses now.
    pub database_connections_in_use: Reading,
    /// Open connections that wait for a query.
    pub database_connections_idle: Reading,
    /// Writes that wait for their turn.
    pub database_write_queue_length: Reading,
    /// Password hashes that wait for a place.
    pub password_hashes_waiting: Reading,
    /// Password hashes being computed.
    pub password_hashes_running: Reading,
    /// Requests that wait for a change.
    pub long_polls_waiting: Reading,
    /// Confirmation codes.
    pub codes: CodeMetrics,
    /// What the Challenger did.
    pub challenger: ChallengerMetrics,
}

impl Sources {
    /// All zero, where there is neither database nor hasher.
    #[must_use]
    pub fn none() -> Self {
        let zero: Reading = Arc::new(|| 0);
        Self {
            database_connections_in_use: Arc::clone(&zero),
            database_connections_idle: Arc::clone(&zero),
            database_write_queue_length: Arc::clone(&zero),
            password_hashes_waiting: Arc::clone(&zero),
            password_hashes_running: Arc::clone(&zero),
            long_polls_waiting: zero,
            codes: CodeMetrics::default(),
            challenger: ChallengerMetrics::default(),
        }
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Operation, Histogram>,
    in_flight: Gauge,
}

impl Metrics {
    /// Starts to count from zero.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let mut registry = Registry::with_prefix("kontor");
        let requests = Family::<Answered, Counter>::default();
        let durations = Family::<Operation, Histogram>::new_with_constructor(|| {
            Histogram::new(DURATION_BUCKETS)
        });
        let in_flight = Gauge::default();
        registry.register("http_requests", "Answered requests", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time to the head of the answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests being served",
            in_flight.clone(),
        );
        registry.register(
            "build",
            "This program",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        sources.codes.register(&mut registry);
        sources.challenger.register(&mut registry);
        registry.register_collector(Box::new(sources));
        Self {
            registry,
            requests,
            durations,
            in_flight,
        }
    }

    /// A request came in. Must be followed by one [`request_finished`](Self::request_finished).
    pub fn request_begun(&self) {
        self.in_flight.inc();
    }

    /// A request was answered, or given up by the client (status 499).
    pub fn request_finished(
        &self,
        operation: Option<&'static str>,
        status: u16,
        duration: Duration,
    ) {
        let operation = operation.unwrap_or(NO_OPERATION);
        self.in_flight.dec();
        self.requests
            .get_or_create(&Answered { operation, status })
            .inc();
        self.durations
            .get_or_create(&Operation { operation })
            .observe(duration.as_secs_f64());
    }

    /// All metrics as text of the type [`CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let mut rendered = String::with_capacity(16 * 1024);
        // Writing to a string fails only where a metric is invalid, which the test of this module would show.
        let _ = text::encode(&mut rendered, &self.registry);
        rendered
    }
}

/// The help of these metrics ends in a full stop, as the registry ends that of its own.
impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let connections = [
            ("in_use", &self.database_connections_in_use),
            ("idle", &self.database_connections_idle),
        ];
        encode_states(
            &mut encoder,
            "database_connections",
            "Connections of all pools.",
            &connections,
        )?;
        let hashes = [
            ("waiting", &self.password_hashes_waiting),
            ("running", &self.password_hashes_running),
        ];
        encode_states(
            &mut encoder,
            "password_hashes",
            "The password hashing queue.",
            &hashes,
        )?;
        encode_number(
            &mut encoder,
            "database_write_queue_length",
            "Writes that wait for their turn.",
            &self.database_write_queue_length,
        )?;
        encode_number(
            &mut encoder,
            "long_polls_waiting",
            "Requests that wait for a change.",
            &self.long_polls_waiting,
        )
    }
}

fn encode_states(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    readings: &[(&'static str, &Reading)],
) -> Result<(), fmt::Error> {
    let mut metrics =
        encoder.encode_descriptor(name, help, None, ConstGauge::new(0_i64).metric_type())?;
    for (state, reading) in readings {
        gauge(reading).encode(metrics.encode_family(&State { state })?)?;
    }
    Ok(())
}

fn encode_number(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    reading: &Reading,
) -> Result<(), fmt::Error> {
    let number = gauge(reading);
    let metric = encoder.encode_descriptor(name, help, None, number.metric_type())?;
    number.encode(metric)
}

fn gauge(reading: &Reading) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(reading()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tan::Channel;

    #[test]
    fn everything_is_rendered() {
        let sources = Sources {
            database_connections_in_use: Arc::new(|| 3),
            password_hashes_waiting: Arc::new(|| 2),
            database_write_queue_length: Arc::new(|| 7),
            long_polls_waiting: Arc::new(|| 5),
            ..Sources::none()
        };
        for channel in [Some(Channel::Sms), None] {
            sources.codes.count(channel, CodeOutcome::Refused);
        }
        for refusal in [Refusal::WrongCode, Refusal::Client, Refusal::WrongCode] {
            sources.challenger.refused(refusal);
        }
        sources.challenger.setup();
        let metrics = Metrics::new(sources);
        for _ in 0..3 {
            metrics.request_begun();
        }
        metrics.request_finished(Some("getConfig"), 200, Duration::from_millis(3));
        metrics.request_finished(None, 404, Duration::from_micros(100));
        let text = metrics.render();
        for line in [
            "# TYPE kontor_http_requests counter",
            "kontor_http_requests_total{operation=\"getConfig\",status=\"200\"} 1",
            "kontor_http_requests_total{operation=\"none\",status=\"404\"} 1",
            "kontor_http_request_duration_seconds_sum{operation=\"getConfig\"} 0.003",
            "kontor_http_request_duration_seconds_bucket{le=\"0.0025\",operation=\"getConfig\"} 0",
            "kontor_http_request_duration_seconds_bucket{le=\"0.005\",operation=\"getConfig\"} 1",
            "kontor_http_requests_in_flight 1",
            "kontor_database_connections{state=\"in_use\"} 3",
            "kontor_database_connections{state=\"idle\"} 0",
            "kontor_database_write_queue_length 7",
            "kontor_long_polls_waiting 5",
            "kontor_password_hashes{state=\"waiting\"} 2",
            "kontor_password_hashes{state=\"running\"} 0",
            "kontor_codes_total{channel=\"sms\",outcome=\"refused\"} 1",
            "kontor_codes_total{channel=\"none\",outcome=\"refused\"} 1",
            "kontor_challenger_setups_total 1",
            "kontor_challenger_validations_total 0",
            "kontor_challenger_tokens_total 0",
            "kontor_challenger_refusals_total{reason=\"wrong_code\"} 2",
            "kontor_challenger_refusals_total{reason=\"client\"} 1",
            concat!(
                "kontor_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        assert!(text.ends_with("# EOF\n"));
        for help in text.lines().filter(|line| line.starts_with("# HELP")) {
            assert!(help.ends_with('.') && !help.ends_with(".."), "{help}");
        }
    }

    #[test]
    fn what_can_be_counted_is_zero_at_first() {
        let text = Metrics::new(Sources::none()).render();
        for line in [
            "kontor_codes_total{channel=\"email\",outcome=\"undelivered\"} 0",
            "kontor_codes_total{channel=\"post\",outcome=\"wrong\"} 0",
            "kontor_codes_total{channel=\"none\",outcome=\"refused\"} 0",
            "kontor_challenger_refusals_total{reason=\"too_many_open\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let codes = text
            .lines()
            .filter(|line| line.starts_with("kontor_codes_total{"));
        assert_eq!(codes.count(), 3 * CodeOutcome::ALL.len() + 1);
        let refusals = text
            .lines()
            .filter(|line| line.starts_with("kontor_challenger_refusals_total{"));
        assert_eq!(refusals.count(), Refusal::ALL.len());
    }
}
