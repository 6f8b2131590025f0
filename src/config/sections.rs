//! The smaller sections: keys, passwords, limits, management listener, outbound calls, audit, log.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Lifetime, PublicUrl, duration, networks, size};

/// Keys that protect what is secret in the database.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// File that holds the keys. It is created, readable by its owner alone, together with an empty database.
    /// Keep a copy apart from the backups of the database: neither opens anything without the other.
    #[schemars(extend("format" = "path"))]
    pub key_file: PathBuf,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            key_file: PathBuf::from("kontor.key"),
        }
    }
}

/// Cost of password hashes (argon2id) and how many are computed at once.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    /// Memory of one hash, in KiB. OWASP asks for 19456 at least, with 2 iterations.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Lanes of one hash.
    pub parallelism: u32,
    /// Hashes computed at once. Not set: one per processor.
    #[schemars(example = 2)]
    pub workers: Option<NonZeroU32>,
    /// Hashes that may wait for a worker; more are refused with 503 and Retry-After.
    pub queue: u32,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            workers: None,
            queue: 64,
        }
    }
}

/// The listener for the operator: /livez, /readyz and /metrics. Keep it away from the public.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Management {
    /// Whether this listener runs.
    pub enabled: bool,
    /// Address and port to listen at.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
}

impl Default for Management {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 9968)),
        }
    }
}

/// Limits that keep one client from taking everything.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest request body, after decompression; a larger one is refused with 413.
    #[serde(with = "size")]
    #[schemars(schema_with = "size_schema")]
    pub body_size: usize,
    /// Time that a request may take; then it is answered with 503 and Retry-After.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub request_timeout: Duration,
    /// Longest time that a request may wait for a change (`timeout_ms`); whoever asks for more waits this long. It comes on top
    /// of `request_timeout`, is at most a day, and `0 s` lets nobody wait. A waiting request holds its connection.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub long_poll: Duration,
    /// Connections that may be open at once, a quarter of them from one network unless it is a trusted proxy's. Each
    /// takes a file descriptor.
    pub connections: usize,
    /// Time without a byte after which a connection is closed. Where it is less than 5 s more than `request_timeout` and
    /// `long_poll` together, that counts, so that no connection is closed on which an answer is awaited.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub idle_timeout: Duration,
    /// Time between being told to stop, when /readyz begins to say so, and taking no more connections: what a load
    /// balancer needs to notice.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub shutdown_notice: Duration,
    /// Time that open requests have to end when the server is told to stop.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub shutdown_grace: Duration,
    /// Failed logins that one network address may make at one instance within `login_window`; more are refused
    /// with 429 and Retry-After.
    pub login_failures: u32,
    /// Time over which failed logins are counted.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub login_window: Duration,
    /// Sign-ups that one network address may begin within 24 hours.
    pub sign_ups: u32,
    /// Password resets that one network address may begin within 24 hours.
    pub resets: u32,
    /// Networks of the reverse proxies whose Forwarded, X-Forwarded-For and X-Request-Id headers are believed.
    #[serde(deserialize_with = "networks::deserialize")]
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_size: 1 << 20,
            request_timeout: Duration::from_secs(30),
            long_poll: Duration::from_secs(60),
            connections: 800,
            idle_timeout: Duration::from_secs(95),
            shutdown_notice: Duration::from_secs(1),
            shutdown_grace: Duration::from_secs(30),
            login_failures: 10,
            login_window: Duration::from_secs(15 * 60),
            sign_ups: 100,
            resets: 50,
            trusted_proxies: Vec::new(),
        }
    }
}

fn size_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": ["string", "integer"]})
}

/// Calls to other servers: exchanges, the bank facades of merchants.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Outbound {
    /// Networks that URLs of merchants may lead to beside public addresses. Whoever may set such a URL makes this server
    /// send requests there: list no more than the servers that are meant. URLs that the configuration itself
    /// names may lead anywhere.
    #[serde(deserialize_with = "networks::deserialize")]
    #[schemars(with = "Vec<String>")]
    pub allowed_networks: Vec<IpNet>,
    /// PEM file with certificate authorities that are trusted beside those that browsers trust.
    #[schemars(extend("format" = "path"), example = &"authorities.pem")]
    pub ca_file: Option<PathBuf>,
}

/// The record of logins and of changes to credentials, contacts and instances.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Time that an event is kept, a duration or `forever`. It holds network addresses of people: keep it no longer than
    /// you need it.
    pub retention: Lifetime,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            retention: Lifetime::Limited(Duration::from_secs(365 * 86_400)),
        }
    }
}

/// Traces of requests, for a collector that speaks OpenTelemetry's protocol. They take a build with the feature `otel`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tracing {
    /// Base URL of the collector: traces are sent as OTLP over HTTP, in the binary form, to `v1/traces` below it. Not set: there are none.
    #[schemars(with = "Option<String>", example = &"http://127.0.0.1:4318/")]
    pub otlp_endpoint: Option<PublicUrl>,
    /// Name of this service among others that the collector knows.
    pub service_name: String,
    /// Of so many requests one is traced; 1: every request.
    pub sample_one_in: NonZeroU32,
}

impl Default for Tracing {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            service_name: "kontor".to_owned(),
            sample_one_in: NonZeroU32::MIN,
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Form of a line: `text` for people, `json` for machines.
    pub format: LogFormat,
    /// Least severe level that is logged: `error`, `warn`, `info`, `debug` or `trace`, also per module:
    /// `info,kontor::auth=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
        }
    }
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Readable by people.
    Text,
    /// One JSON object per line.
    Json,
}
