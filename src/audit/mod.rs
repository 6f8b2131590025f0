//! The record of what happened to instances: who did what, when, from where, and never a secret.
//!
//! An operation builds a [`Recorder`] where it builds what it is going to write, and records an [`Event`] in the same write, as
//! the last thing there: the change and its record are stored both or not at all. A refusal that the write remembers (an attempt
//! that counts, a guess that is used up) is recorded by that write, which therefore returns it as a value and not as an `Err`.
//!
//! ```
//! # use kontor::{app::App, audit::{Event, Origin, Recorder}, db, error::Error};
//! async fn revoke(app: &App, origin: &Origin, instance_serial: i64, token: i64) -> Result<bool, Error> {
//!     let audit = Recorder::new(app, origin);
//!     app.database
//!         .write(move |transaction| {
//!             let audit = audit.clone();
//!             Box::pin(async move {
//!                 let revoked = db::access_token::revoke(transaction, instance_serial, token).await?;
//!                 if revoked {
//!                     let event = Event::TokenRevoked { token_serial: token };
//!                     audit.record(transaction, "shop", &event).await?;
//!                 }
//!                 Ok(revoked)
//!             })
//!         })
//!         .await
//! }
//! ```

mod event;
mod masked_address;
mod origin;
mod recorder;

pub use event::{Cap, CredentialChange, CredentialForm, Event, LoginRefusal};
pub use masked_address::MaskedAddress;
pub use origin::{Actor, Origin};
pub use recorder::{REFUSAL_WINDOW, REFUSALS_IN_WINDOW, Recorder};
