//! The longest life of a request.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kontor_openapi::{ApiError, ErrorCode};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result, http::StatusCode};
use tokio::time::sleep;

/// When a client may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// No request lives longer, whatever it asks for.
const LONGEST_EXTENSION: Duration = Duration::from_secs(24 * 3600);

/// Request data: how an operation that waits on purpose (a long poll) asks for more time.
#[derive(Debug, Clone, Default)]
pub struct Deadline(Arc<AtomicU64>);

impl Deadline {
    /// Lets the request live for the usual time and this much more, at most a day; of several calls the longest counts. Returns how much more this one
    /// granted.
    pub fn extend_by(&self, extension: Duration) -> Duration {
        let extension = extension.min(LONGEST_EXTENSION);
        self.0.fetch_max(
            u64::try_from(extension.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
        extension
    }

    pub(super) fn extension(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Middleware that ends a request after its time with 503/11 and `Retry-After`; the operation is dropped where it waits.
///
/// A write that was under way may have happened.
#[derive(Debug, Clone, Copy)]
pub struct LimitTime {
    limit: Duration,
}

impl LimitTime {
    /// Lets a request live this long unless it extends its [`Deadline`].
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit }
    }
}

impl<E: Endpoint> Middleware<E> for LimitTime {
    type Output = LimitTimeEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        LimitTimeEndpoint {
            inner,
            limit: self.limit,
        }
    }
}

/// Endpoint of [`LimitTime`].
pub struct LimitTimeEndpoint<E> {
    inner: E,
    limit: Duration,
}

impl<E: Endpoint> Endpoint for LimitTimeEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let deadline = Deadline::default();
        request.set_data(deadline.clone());
        let mut answer = pin!(self.inner.call(request));
        let (mut granted, mut next) = (Duration::ZERO, self.limit);
        loop {
            tokio::select! {
                biased;
                result = &mut answer => return result.map(IntoResponse::into_response),
                () = sleep(next) => {}
            }
            next = deadline.extension().saturating_sub(granted);
            granted += next;
            if next.is_zero() {
                return Err(out_of_time().into());
            }
        }
    }
}

fn out_of_time() -> ApiError {
    ApiError::new(ErrorCode::GenericTimeout)
        .with_status(StatusCode::SERVICE_UNAVAILABLE)
        .with_detail("the request took too long; whether it had an effect is not known")
        .with_retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use poem::{EndpointExt, endpoint::make, http::header};

    use super::*;

    /// Marks that the operation was dropped.
    struct Dropped(Arc<AtomicU64>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(1, Ordering::SeqCst);
        }
    }

    /// An operation of this length, in seconds, that asks for an extension.
    async fn outcome(length: u64, extension: u64) -> (u16, bool) {
        let dropped = Arc::new(AtomicU64::new(0));
        let mark = Arc::clone(&dropped);
        let endpoint = make(move |request: Request| {
            let guard = Dropped(Arc::clone(&mark));
            async move {
                request
                    .data::<Deadline>()
                    .unwrap()
                    .extend_by(Duration::from_secs(extension));
                tokio::time::sleep(Duration::from_secs(length)).await;
                drop(guard);
            }
        })
        .with(LimitTime::new(Duration::from_secs(10)));
        let response = endpoint.get_response(Request::default()).await;
        if response.status() == 503 {
            assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        }
        (
            response.status().as_u16(),
            dropped.load(Ordering::SeqCst) == 1,
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_operation_is_dropped() {
        assert_eq!(outcome(11, 0).await, (503, true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_one_is_not() {
        assert_eq!(outcome(9, 0).await.0, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_poll_gets_its_time() {
        assert_eq!(outcome(29, 20).await.0, 200);
        assert_eq!(outcome(31, 20).await, (503, true));
    }
}
