//! The management listener: is the process alive, may it get requests, what does it count.
//!
//! It is meant for the operator's own network: nothing on it needs a credential, and nothing on it is secret.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use indexmap::IndexMap;
use kontor_openapi::ErrorCode;
use poem::{
    Body, EndpointExt, Response, Route,
    endpoint::{BoxEndpoint, make},
    get,
    http::{HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::{
    http::{Routes, errors::ConvertErrors},
    metrics::{self, Metrics},
};

const PATHS: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// A check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the process wants requests, shared between the server and `/readyz`.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicU8>);

/// The life of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Phase {
    /// Not yet listening.
    Starting,
    /// Serving.
    Serving,
    /// Draining: what runs is finished, nothing new should come.
    ShuttingDown,
}

impl Readiness {
    /// The listeners are open.
    pub fn serving(&self) {
        self.0.store(Phase::Serving as u8, Ordering::Release);
    }

    /// The end has begun; there is no way back.
    pub fn shutting_down(&self) {
        self.0.store(Phase::ShuttingDown as u8, Ordering::Release);
    }

    /// Where in its life the process is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Serving,
            _ => Phase::ShuttingDown,
        }
    }
}

/// Something that must work before requests can be served.
pub struct Check {
    name: &'static str,
    run: Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

impl Check {
    /// A named check; its error is logged and not shown.
    pub fn new<F, E>(name: &'static str, run: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        Self {
            name,
            run: Box::new(move || {
                run()
                    .map(|result| result.map_err(|error| error.to_string()))
                    .boxed()
            }),
        }
    }

    async fn passes(&self) -> bool {
        let outcome = tokio::time::timeout(CHECK_TIMEOUT, (self.run)()).await;
        let failure = match outcome {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error,
            Err(_) => format!("no result within {} s", CHECK_TIMEOUT.as_secs()),
        };
        tracing::warn!(target: "kontor::readiness", { check.name = self.name, error = failure }, "a readiness check failed");
        false
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

#[derive(Serialize)]
struct Report {
    ready: bool,
    phase: Phase,
    checks: IndexMap<&'static str, &'static str>,
}

/// The routes of the listener:
///
/// - `/livez`: 200 as long as the process answers at all;
/// - `/readyz`: 200 while it serves and all checks pass, else 503; `{"ready", "phase", "checks": {name: "ok" | "failed"}}`;
/// - `/metrics`: the metrics as OpenMetrics text.
///
/// Everything else is 404/21.
pub fn endpoint(
    metrics: Arc<Metrics>,
    readiness: Readiness,
    checks: Vec<Check>,
) -> BoxEndpoint<'static, Response> {
    let checks = Arc::new(checks);
    let ready = move |_| {
        let (readiness, checks) = (readiness.clone(), Arc::clone(&checks));
        async move { report(&readiness, &checks).await }
    };
    Route::new()
        .at(
            PATHS[0],
            get(make(|_| async {
                json(StatusCode::OK, &serde_json::json!({"alive": true}))
            })),
        )
        .at(PATHS[1], get(make(ready)))
        .at(
            PATHS[2],
            get(make(move |_| {
                let rendered = metrics.render();
                async move {
                    Response::builder()
                        .content_type(metrics::CONTENT_TYPE)
                        .body(rendered)
                }
            })),
        )
        .with(ConvertErrors::new(
            Arc::new(ManagementRoutes),
            ErrorCode::GenericUnauthorized,
        ))
        .after(|outcome: poem::Result<Response>| async move {
            outcome.map(|mut response| {
                response
                    .headers_mut()
                    .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            })
        })
        .boxed()
}

async fn report(readiness: &Readiness, checks: &[Check]) -> Response {
    let passed = join_all(checks.iter().map(Check::passes)).await;
    // Read after the checks: a shutdown that began meanwhile counts.
    let phase = readiness.phase();
    let ready = phase == Phase::Serving && passed.iter().all(|passed| *passed);
    let checks = checks
        .iter()
        .zip(passed)
        .map(|(check, passed)| (check.name, if passed { "ok" } else { "failed" }))
        .collect();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    json(
        status,
        &Report {
            ready,
            phase,
            checks,
        },
    )
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = Body::from_json(value).unwrap_or_default();
    Response::builder()
        .status(status)
        .content_type("application/json")
        .body(body)
}

struct ManagementRoutes;

impl Routes for ManagementRoutes {
    fn allow(&self, path: &str) -> Option<HeaderValue> {
        PATHS
            .contains(&path)
            .then(|| HeaderValue::from_static("GET, HEAD"))
    }

    fn secret_path(&self, _operation_id: &str) -> Option<&'static str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use poem::{Endpoint, Request, http::Method};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{Events, json_of, text_of},
        metrics::Sources,
    };

    async fn call(
        readiness: &Readiness,
        checks: Vec<Check>,
        method: Method,
        path: &str,
    ) -> Response {
        let service = endpoint(
            Arc::new(Metrics::new(Sources::none())),
            readiness.clone(),
            checks,
        );
        let request = Request::builder()
            .method(method)
            .uri(path.parse().unwrap())
            .finish();
        service.call(request).await.unwrap()
    }

    fn passing() -> Check {
        Check::new("database", || async { Ok::<_, String>(()) })
    }

    fn failing() -> Check {
        Check::new("schema", || async { Err("table s3cret is missing") })
    }

    async fn ready(readiness: &Readiness, checks: Vec<Check>) -> (u16, Value) {
        let response = call(readiness, checks, Method::GET, "/readyz").await;
        assert_eq!(response.header("cache-control"), Some("no-store"));
        (response.status().as_u16(), json_of(response).await)
    }

    #[tokio::test]
    async fn a_living_process_says_so() {
        let readiness = Readiness::default();
        readiness.shutting_down();
        let response = call(&readiness, vec![failing()], Method::GET, "/livez").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(json_of(response).await, json!({"alive": true}));
    }

    #[tokio::test]
    async fn readiness_follows_the_life_of_the_process() {
        let readiness = Readiness::default();
        let body = |ready: bool, phase: &str| json!({"ready": ready, "phase": phase, "checks": {"database": "ok"}});
        assert_eq!(
            ready(&readiness, vec![passing()]).await,
            (503, body(false, "starting"))
        );
        readiness.serving();
        assert_eq!(
            ready(&readiness, vec![passing()]).await,
            (200, body(true, "serving"))
        );
        readiness.shutting_down();
        assert_eq!(
            ready(&readiness, vec![passing()]).await,
            (503, body(false, "shutting_down"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_or_hanging_check_is_named_and_its_reason_only_logged() {
        let events = Events::collect();
        let readiness = Readiness::default();
        readiness.serving();
        let hanging = Check::new("hasher", std::future::pending::<Result<(), String>>);
        let (status, body) = ready(&readiness, vec![passing(), failing(), hanging]).await;
        assert_eq!(status, 503);
        let states = json!({"database": "ok", "schema": "failed", "hasher": "failed"});
        assert_eq!(
            body,
            json!({"ready": false, "phase": "serving", "checks": states})
        );
        let logged = events.of("kontor::readiness");
        assert_eq!(logged.len(), 2);
        assert_eq!(logged[0]["fields"]["error"], "table s3cret is missing");
    }

    #[tokio::test]
    async fn metrics_are_served_as_text() {
        let response = call(&Readiness::default(), vec![], Method::GET, "/metrics").await;
        assert_eq!(response.content_type(), Some(metrics::CONTENT_TYPE));
        assert!(
            text_of(response)
                .await
                .contains("kontor_http_requests_in_flight 0")
        );
    }

    #[tokio::test]
    async fn other_routes_are_unknown() {
        let readiness = Readiness::default();
        let response = call(&readiness, vec![], Method::GET, "/config").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(json_of(response).await["code"], 21);
        let response = call(&readiness, vec![], Method::POST, "/livez").await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.header("allow"), Some("GET, HEAD"));
        assert_eq!(
            call(&readiness, vec![], Method::HEAD, "/livez")
                .await
                .status(),
            StatusCode::OK
        );
    }
}
