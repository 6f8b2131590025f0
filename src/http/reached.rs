//! Which operation a request reached, told outwards.
//!
//! The log and the metrics stand outside of the dispatch that finds the operation, and must know it even where no
//! answer comes back: after a time-out, a panic, or a client that went away.

use std::sync::{Arc, OnceLock};

use kontor_openapi::{Operation, dispatch::InstanceName};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

/// Request data of the log, filled by [`NoteReached`].
#[derive(Debug, Clone, Default)]
pub(super) struct Reached(Arc<OnceLock<(&'static Operation, Option<InstanceName>)>>);

impl Reached {
    pub(super) fn operation(&self) -> Option<&'static Operation> {
        self.0.get().map(|(operation, _)| *operation)
    }

    pub(super) fn instance(&self) -> Option<&str> {
        self.0.get()?.1.as_ref().map(|name| name.0.as_str())
    }
}

/// Middleware that stands right inside the dispatch and notes the operation and instance that it found.
#[derive(Debug, Clone, Copy)]
pub struct NoteReached;

impl<E: Endpoint> Middleware<E> for NoteReached {
    type Output = NoteReachedEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        NoteReachedEndpoint(inner)
    }
}

/// Endpoint of [`NoteReached`].
pub struct NoteReachedEndpoint<E>(E);

impl<E: Endpoint> Endpoint for NoteReachedEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if let (Some(reached), Some(operation)) = (
            request.data::<Reached>(),
            request.data::<&'static Operation>(),
        ) {
            // Set once: of dispatches one inside the other the outer one named the operation.
            let _ = reached
                .0
                .set((*operation, request.data::<InstanceName>().cloned()));
        }
        self.0.call(request).await.map(IntoResponse::into_response)
    }
}
