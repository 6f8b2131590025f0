//! How access tokens end before their time.

use crate::{
    app::App,
    audit::{Event, Origin, Recorder},
    db,
    error::Error,
};

/// Which tokens of an instance end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The one of this number alone: its holder logs out.
    Alone(i64),
    /// The one of this number and all that was refreshed from it.
    WithRefreshed(i64),
}

/// Ends tokens of an instance; `false` if it has none of that number.
///
/// # Errors
/// The database's.
pub async fn revoke(
    app: &App,
    origin: &Origin,
    instance_serial: i64,
    instance_id: &str,
    revocation: Revocation,
) -> Result<bool, Error> {
    let (audit, instance_id) = (Recorder::new(app, origin), instance_id.to_owned());
    let revoked = app.database.write(move |transaction| {
        let (audit, instance_id) = (audit.clone(), instance_id.clone());
        Box::pin(async move {
            use db::access_token;

            let (token_serial, is_ended) = match revocation {
                Revocation::Alone(serial) => {
                    let ended = access_token::end_alone(transaction, instance_serial, serial);
                    (serial, ended.await?)
                }
                Revocation::WithRefreshed(serial) => {
                    let ended = access_token::revoke(transaction, instance_serial, serial);
                    (serial, ended.await?)
                }
            };
            if is_ended {
                let event = Event::TokenRevoked { token_serial };
                audit.record(transaction, &instance_id, &event).await?;
            }
            Ok(is_ended)
        })
    });
    revoked.await
}
