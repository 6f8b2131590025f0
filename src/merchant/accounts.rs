//! The bank accounts of the caller's instance.

use entity::bank_account::Model;
use kontor_openapi::{
    merchant::{
        AccountAddDetails, AccountPatchDetails, AccountsSummaryResponse, AddAccountReply,
        BankAccountsApi, DeactivateAccountReply, GetAccountOkContent, GetAccountReply,
        ListAccountsReply, UpdateAccountReply, operations,
    },
    scalar::HashCode,
};

use super::{
    Caller, Merchant,
    account::{self, FacadeSettings, WantedAccount},
};
use crate::{
    db,
    error::Error,
    http::negotiation,
    mfa::{PresentedIds, Protected},
    tan::Purpose,
};

/// The forms that an account is shown in, the first one unless another is asked for.
const MEDIA_TYPES: [&str; 2] = ["application/json", "text/plain"];

impl BankAccountsApi for Merchant {
    async fn add_account(
        &self,
        caller: Caller,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
        body: AccountAddDetails,
    ) -> Result<AddAccountReply, Error> {
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let request = caller
            .confirmable::<operations::AddAccount>(Purpose::AddAccount, presented)
            .body(&body)?;
        let wanted = WantedAccount::new(&self.app.settings.merchant, body)?;
        account::refuse_if_it_differs(&self.app, &caller, &wanted).await?;
        let add = |permit| account::add(&self.app, &caller, &wanted, permit);
        Ok(match self.protect(&request, &caller, add).await? {
            Protected::Done(added) => AddAccountReply::Ok(added),
            Protected::Challenged(challenges) => AddAccountReply::Accepted(challenges),
        })
    }

    async fn list_accounts(&self, caller: Caller) -> Result<ListAccountsReply, Error> {
        let stored = db::bank_account::list(self.app.database.read(), caller.instance.serial);
        let accounts = stored.await?.into_iter().map(account::entry);
        let accounts = accounts.collect::<Result<_, _>>()?;
        Ok(ListAccountsReply::Ok(AccountsSummaryResponse { accounts }))
    }

    async fn get_account(&self, caller: Caller, h_wire: String) -> Result<GetAccountReply, Error> {
        let h_wire = wire_hash(&h_wire)?;
        let media_type = negotiation::media_type(&caller.accept, &MEDIA_TYPES);
        let media_type = media_type.ok_or(Error::NotAcceptable)?;
        let shown = account::detail(self.account(&caller, h_wire).await?)?;
        Ok(GetAccountReply::Ok {
            body: match media_type {
                "text/plain" => GetAccountOkContent::Plain(account::text(&shown)),
                _ => GetAccountOkContent::Json(shown),
            },
            vary: Some("Accept".to_owned()),
        })
    }

    async fn update_account(
        &self,
        caller: Caller,
        h_wire: String,
        body: AccountPatchDetails,
    ) -> Result<UpdateAccountReply, Error> {
        let h_wire = wire_hash(&h_wire)?;
        let facade = FacadeSettings::new(
            body.credit_facade_url,
            body.credit_facade_credentials,
            body.extra_wire_subject_metadata,
        )?;
        account::change(&self.app, &caller, h_wire, facade).await?;
        Ok(UpdateAccountReply::NoContent)
    }

    async fn deactivate_account(
        &self,
        caller: Caller,
        h_wire: String,
    ) -> Result<DeactivateAccountReply, Error> {
        account::deactivate(&self.app, &caller, wire_hash(&h_wire)?).await?;
        Ok(DeactivateAccountReply::NoContent)
    }
}

impl Merchant {
    /// An account of the caller's instance.
    pub(super) async fn account(&self, caller: &Caller, h_wire: HashCode) -> Result<Model, Error> {
        let (connection, serial) = (self.app.database.read(), caller.instance.serial);
        let stored = db::bank_account::find(connection, serial, &h_wire.0).await?;
        stored.ok_or(Error::AccountUnknown)
    }
}

/// Reads the wire hash in a path.
///
/// # Errors
/// [`Error::WireHashMalformed`].
pub(super) fn wire_hash(text: &str) -> Result<HashCode, Error> {
    text.parse().map_err(|_| Error::WireHashMalformed)
}
