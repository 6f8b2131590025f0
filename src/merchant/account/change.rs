//! Changing and deactivating a bank account.

use std::sync::Arc;

use kontor_openapi::scalar::HashCode;

use super::facade::{FacadeSettings, Owner};
use crate::{
    app::App,
    audit::{Event, Recorder},
    db::{self, Topic},
    error::Error,
    merchant::Caller,
};

/// Gives an account of the caller's instance another facade.
///
/// # Errors
/// [`Error::AccountUnknown`].
pub async fn change(
    app: &Arc<App>,
    caller: &Caller,
    h_wire: HashCode,
    facade: FacadeSettings,
) -> Result<(), Error> {
    let (serial, instance_id) = (caller.instance.serial, caller.instance.instance_id.clone());
    let audit = Recorder::new(app, &caller.origin);
    let writer = Arc::clone(app);
    app.database
        .write(move |transaction| {
            let (audit, app, facade) = (audit.clone(), Arc::clone(&writer), facade.clone());
            let instance_id = instance_id.clone();
            Box::pin(async move {
                let stored = db::bank_account::find_locked(transaction, serial, &h_wire.0).await?;
                let stored = stored.ok_or(Error::AccountUnknown)?;
                let (number, payto_uri) = (stored.serial, stored.payto_uri.clone());
                let owner = Owner {
                    instance_id: &instance_id,
                    payto_uri: &payto_uri,
                };
                let facade = facade.replacing(&app, &owner, stored);
                db::bank_account::set_facade(transaction, number, &facade).await?;
                let event = Event::AccountChanged { h_wire };
                audit.record(transaction, &instance_id, &event).await?;
                Ok(())
            })
        })
        .await
}

/// Deactivates an account of the caller's instance; one that is not active stays so.
///
/// # Errors
/// [`Error::AccountUnknown`].
pub async fn deactivate(app: &App, caller: &Caller, h_wire: HashCode) -> Result<(), Error> {
    let (serial, instance_id) = (caller.instance.serial, caller.instance.instance_id.clone());
    let audit = Recorder::new(app, &caller.origin);
    app.database
        .write(move |transaction| {
            let (audit, instance_id) = (audit.clone(), instance_id.clone());
            Box::pin(async move {
                let stored = db::bank_account::find_locked(transaction, serial, &h_wire.0).await?;
                let stored = stored.ok_or(Error::AccountUnknown)?;
                if stored.is_active {
                    db::bank_account::deactivate(transaction, stored.serial).await?;
                    transaction.announce(Topic::Kyc {
                        instance_serial: serial,
                    });
                    let event = Event::AccountDeactivated { h_wire };
                    audit.record(transaction, &instance_id, &event).await?;
                }
                Ok(())
            })
        })
        .await
}
