//! Requests repeated without their body, as the first published form of the protocol does it.

use std::sync::Arc;

use kontor_openapi::{ApiError, Operation};
use poem::{
    Endpoint, IntoResponse, Middleware, Request, Response, Result,
    http::{HeaderValue, header},
};

use super::{ChallengeId, sealed_body};
use crate::{app::App, db, error::Error};

/// The header of that form.
const X_CHALLENGE_ID: &str = "x-challenge-id";

/// Middleware that takes the first body again where a request brings the id of its challenge and no body. It stands right inside the dispatch; whether the
/// challenge is solved, and good for this request, is for the operation to find out.
#[derive(Clone)]
pub struct ReplayBody(Arc<App>);

impl ReplayBody {
    /// With the challenges of an application.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

impl<E: Endpoint> Middleware<E> for ReplayBody {
    type Output = ReplayBodyEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        ReplayBodyEndpoint {
            inner,
            app: Arc::clone(&self.0),
        }
    }
}

/// Endpoint of [`ReplayBody`].
pub struct ReplayBodyEndpoint<E> {
    inner: E,
    app: Arc<App>,
}

impl<E: Endpoint> Endpoint for ReplayBodyEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if let Some(id) = repeated(&mut request)
            && let Some(body) = self
                .first_body(&request, &id)
                .await
                .map_err(ApiError::from)?
        {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, json);
            request.set_body(body);
        }
        self.inner
            .call(request)
            .await
            .map(IntoResponse::into_response)
    }
}

/// The id of a request without a body.
fn repeated(request: &mut Request) -> Option<ChallengeId> {
    let id = request.headers().get(X_CHALLENGE_ID)?.to_str().ok()?;
    let id = ChallengeId::parse(id.trim())?;
    let body = request.take_body();
    let is_empty = body.is_empty();
    request.set_body(body);
    is_empty.then_some(id)
}

impl<E> ReplayBodyEndpoint<E> {
    async fn first_body(
        &self,
        request: &Request,
        id: &ChallengeId,
    ) -> std::result::Result<Option<Vec<u8>>, Error> {
        let operation = request.data::<&'static Operation>().map(|found| found.id);
        let (read, now_us) = (self.app.database.read(), self.app.now_us());
        let found = db::challenge::find(read, &[id.digest()], now_us).await?;
        let sealed = found
            .iter()
            .filter(|(_, group)| Some(group.operation.as_str()) == operation)
            .find_map(|(challenge, _)| challenge.sealed_body.as_ref());
        let body = sealed.and_then(|sealed| sealed_body::open(id, sealed.expose()));
        Ok(body.map(|body| body.to_vec()))
    }
}
