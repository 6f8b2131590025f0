//! Adding a bank account.

use entity::bank_account::Model;
use kontor_openapi::{
    merchant::{AccountAddDetails, AccountAddResponse},
    scalar::{HashCode, WireSalt},
};

use super::facade::{FacadeSettings, Owner};
use crate::{
    app::App,
    audit::{Event, Recorder},
    config,
    db::{
        self, DatabaseError, Topic, WriteTransaction,
        bank_account::{AccountFacade, NewBankAccount},
    },
    domain::{
        payto::Payto,
        wire_hash::{Salt, WireHash},
    },
    error::Error,
    merchant::{Caller, account::shown::identity},
    mfa::Permit,
    secrets::Keyring,
};

/// Accounts that an instance may have, those that were deactivated included. Each is asked about at every payment provider, and all
/// are listed at once.
pub const MOST: u64 = 100;

/// An account as a client sends it, checked.
#[derive(Clone)]
pub struct WantedAccount {
    payto: Payto,
    facade: FacadeSettings,
}

impl WantedAccount {
    /// Checks what the document's type holds against the rules of payto URIs and those of the operator.
    ///
    /// # Errors
    /// [`Error::Payto`], and those of [`FacadeSettings::new`].
    pub fn new(settings: &config::Merchant, details: AccountAddDetails) -> Result<Self, Error> {
        let payto = Payto::parse(&details.payto_uri.0);
        let payto = payto.map_err(|reason| Error::Payto(reason.to_string()))?;
        check_allowed(settings, &payto)?;
        let facade = FacadeSettings::new(
            details.credit_facade_url,
            details.credit_facade_credentials,
            details.extra_wire_subject_metadata,
        )?;
        Ok(Self { payto, facade })
    }

    /// Whose credentials the facade's are.
    fn owner<'a>(&'a self, instance_id: &'a str) -> Owner<'a> {
        Owner {
            instance_id,
            payto_uri: self.payto.as_str(),
        }
    }
}

fn check_allowed(settings: &config::Merchant, payto: &Payto) -> Result<(), Error> {
    if !settings.takes_payment_target(payto.target_type()) {
        let reason = "this server takes no accounts of this kind; /config has payment_target_types";
        return Err(Error::Payto(reason.to_owned()));
    }
    let regex = settings.payment_target_regex.as_ref();
    if regex.is_some_and(|regex| !regex.is_match(payto.as_str())) {
        let reason = "it does not match the payment_target_regex of /config";
        return Err(Error::Payto(reason.to_owned()));
    }
    Ok(())
}

/// Refuses what cannot be added before anybody is asked for a code. Credentials are not compared: that would tell whoever
/// holds a token whether a guess at them is right.
///
/// # Errors
/// [`Error::AccountExists`].
pub async fn refuse_if_it_differs(
    app: &App,
    caller: &Caller,
    wanted: &WantedAccount,
) -> Result<(), Error> {
    let (serial, payto_uri) = (caller.instance.serial, wanted.payto.as_str());
    let stored = db::bank_account::find_by_payto_uri(app.database.read(), serial, payto_uri);
    match stored.await? {
        Some(stored) if stored.is_active && !wanted.facade.shows_the_same_as(&stored) => {
            Err(Error::AccountExists)
        }
        _ => Ok(()),
    }
}

/// Adds the account, or brings it back; one that is there already is found.
///
/// # Errors
/// [`Error::AccountExists`] where it is active with other settings; [`Error::TooManyAccounts`]; [`Error::Unauthorized`], [`Error::InstanceDeleted`] and
/// [`Error::ConfirmationStale`] if that happened meanwhile.
pub async fn add(
    app: &App,
    caller: &Caller,
    wanted: &WantedAccount,
    permit: Permit,
) -> Result<AccountAddResponse, Error> {
    let audit = Recorder::new(app, &caller.origin);
    let addition = Addition {
        new: new_account(app, caller, wanted),
        instance_id: caller.instance.instance_id.clone(),
        wanted: wanted.clone(),
        keyring: app.keyring.clone(),
    };
    let proof = caller.proof();
    app.database
        .write(move |transaction| {
            let (audit, permit, addition) = (audit.clone(), permit.clone(), addition.clone());
            Box::pin(async move {
                proof.check(transaction, audit.now_us()).await?;
                permit.redeem(transaction, &audit).await?;
                addition.make(transaction, &audit).await
            })
        })
        .await
}

fn new_account(app: &App, caller: &Caller, wanted: &WantedAccount) -> NewBankAccount {
    let salt = Salt::generate(&app.random);
    NewBankAccount {
        instance_serial: caller.instance.serial,
        payto_uri: wanted.payto.as_str().to_owned(),
        payment_target: wanted.payto.target_type().to_owned(),
        salt: *salt.as_bytes(),
        h_wire: *WireHash::of(&wanted.payto, &salt).as_bytes(),
        facade: wanted
            .facade
            .sealed(app, &wanted.owner(&caller.instance.instance_id)),
        created_at_us: app.now_us(),
    }
}

/// All that a write needs to add an account.
#[derive(Clone)]
struct Addition {
    new: NewBankAccount,
    instance_id: String,
    wanted: WantedAccount,
    keyring: Keyring,
}

impl Addition {
    async fn make(
        &self,
        transaction: &WriteTransaction,
        audit: &Recorder,
    ) -> Result<AccountAddResponse, Error> {
        let new = &self.new;
        let instance = db::instance::find_held(transaction, new.instance_serial).await?;
        let instance = instance.ok_or(Error::InstanceUnknown)?;
        if instance.deleted_at_us.is_some() {
            return Err(Error::InstanceDeleted);
        }
        if db::bank_account::insert(transaction, new).await? {
            // Additions to one instance come one after the other: each holds its credential.
            let count = db::bank_account::count(transaction, new.instance_serial).await?;
            if count > MOST {
                return Err(Error::TooManyAccounts);
            }
            self.announce(transaction);
            self.record(transaction, audit, HashCode(new.h_wire), false)
                .await?;
            return Ok(AccountAddResponse {
                h_wire: HashCode(new.h_wire),
                salt: WireSalt(new.salt),
            });
        }
        let stored = db::bank_account::find_by_payto_uri_locked(
            transaction,
            new.instance_serial,
            &new.payto_uri,
        );
        let stored = stored.await?.ok_or_else(|| {
            DatabaseError::Invariant("an account conflicts and is not there".to_owned())
        })?;
        self.find_or_bring_back(transaction, audit, &stored).await
    }

    async fn find_or_bring_back(
        &self,
        transaction: &WriteTransaction,
        audit: &Recorder,
        stored: &Model,
    ) -> Result<AccountAddResponse, Error> {
        let (h_wire, salt) = identity(stored)?;
        if stored.is_active {
            let owner = self.wanted.owner(&self.instance_id);
            if !self
                .wanted
                .facade
                .is_that_of(&self.keyring, &owner, stored)?
            {
                return Err(Error::AccountExists);
            }
        } else {
            let facade: &AccountFacade = &self.new.facade;
            db::bank_account::reactivate(transaction, stored.serial, facade).await?;
            self.announce(transaction);
            self.record(transaction, audit, h_wire, true).await?;
        }
        Ok(AccountAddResponse { h_wire, salt })
    }

    fn announce(&self, transaction: &WriteTransaction) {
        let instance_serial = self.new.instance_serial;
        transaction.announce(Topic::Kyc { instance_serial });
        transaction.announce(Topic::KycChecks);
    }

    async fn record(
        &self,
        transaction: &WriteTransaction,
        audit: &Recorder,
        h_wire: HashCode,
        reactivated: bool,
    ) -> Result<(), Error> {
        let event = Event::AccountAdded {
            h_wire,
            reactivated,
        };
        Ok(audit.record(transaction, &self.instance_id, &event).await?)
    }
}
