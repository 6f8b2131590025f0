//! How an event becomes a row.

use std::sync::Arc;
use std::time::Duration;

use entity::audit_event::Outcome;
use serde_json::Value;

use super::{Event, Origin};
use crate::app::App;
use crate::clock::UnixMicros;
use crate::db::audit::{self, NewAuditEvent};
use crate::db::{DatabaseError, WriteTransaction};
use crate::http::RequestId;

/// How many refusals of one kind at one instance are kept…
pub const REFUSALS_IN_WINDOW: u64 = 100;

/// …in any span of this length. A stranger can make as many as there are networks to guess from.
pub const REFUSAL_WINDOW: Duration = Duration::from_secs(60 * 60);

/// What events name that concern no instance. No instance has this id.
const NO_INSTANCE: &str = "";

/// Records what one operation does. Clones are cheap, as closures that may run twice want them.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: Origin,
    at: UnixMicros,
}

impl Recorder {
    /// For an operation that is done now by somebody.
    #[must_use]
    pub fn new(app: &App, origin: &Origin) -> Self {
        Self::at(app.clock.now(), origin.clone())
    }

    /// When the operation is done, in microseconds since 1970.
    #[must_use]
    pub fn now_us(&self) -> i64 {
        self.0.at.get()
    }

    /// For an operation at that time.
    #[must_use]
    pub fn at(at: UnixMicros, origin: Origin) -> Self {
        Self(Arc::new(Inner { origin, at }))
    }

    /// As [`Recorder::record`], of what concerns no instance.
    ///
    /// # Errors
    /// As [`Recorder::record`].
    pub async fn record_of_server(
        &self,
        transaction: &WriteTransaction,
        event: &Event,
    ) -> Result<(), DatabaseError> {
        self.record(transaction, NO_INSTANCE, event).await
    }

    /// Records an event about the instance of that name, in the write that makes it true. Of refusals only
    /// [`REFUSALS_IN_WINDOW`] are kept; the last of them says so.
    ///
    /// It waits for no other write, but do it late: a write should hold what it holds for as short as can be.
    ///
    /// # Errors
    /// [`DatabaseError::Store`] and the like; then the write as a whole fails.
    pub async fn record(
        &self,
        transaction: &WriteTransaction,
        instance_id: &str,
        event: &Event,
    ) -> Result<(), DatabaseError> {
        let Inner { origin, at } = &*self.0;
        let mut detail = event.detail();
        if event.outcome() == Outcome::Refused {
            let since_us = at.before(REFUSAL_WINDOW).get();
            let kept =
                audit::count_refusals(transaction, instance_id, event.name(), since_us).await?;
            if kept >= REFUSALS_IN_WINDOW {
                return Ok(());
            }
            if kept + 1 == REFUSALS_IN_WINDOW {
                detail.insert("further_ones_recorded".to_owned(), Value::Bool(false));
            }
        }
        let new = NewAuditEvent {
            at_us: at.get(),
            event: event.name(),
            outcome: event.outcome(),
            instance_id,
            actor_kind: origin.actor.kind(),
            actor_instance: origin.actor.instance(),
            actor_token_serial: origin.actor.token_serial(),
            actor_user: origin.actor.user(),
            address: origin.address.map(|address| address.to_string()),
            request_id: origin.request_id.as_ref().map(RequestId::as_str),
            detail: Value::Object(detail),
        };
        audit::insert(transaction, new).await
    }
}
