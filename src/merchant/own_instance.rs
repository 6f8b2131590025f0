//! The instance whose base URL is used, looked after by itself.

use entity::{credential::Method, instance::Model};
use kontor_openapi::merchant::{
    ChangeOwnInstanceAuthReply, DeleteOwnInstanceReply, GetOwnInstanceReply,
    InstanceAuthConfigurationMessage, InstanceReconfigurationMessage, OwnInstanceApi,
    UpdateOwnInstanceReply, YesNo, operations,
};

use super::{
    Authority, Caller, Merchant,
    instance::{self, ChangedBy, InstanceSettings, NewAuth, Removal},
};
use crate::{
    db,
    error::Error,
    mfa::{PresentedIds, Protected},
    tan::Purpose,
};

impl OwnInstanceApi for Merchant {
    async fn get_own_instance(&self, caller: Caller) -> Result<GetOwnInstanceReply, Error> {
        let stored = self.stored(&caller).await?;
        let method = match caller.authority {
            Authority::External => Method::External,
            Authority::Password | Authority::LegacySecret | Authority::Token(..) => Method::Token,
        };
        Ok(GetOwnInstanceReply::Ok(instance::shown(stored, method)?))
    }

    async fn update_own_instance(
        &self,
        caller: Caller,
        body: InstanceReconfigurationMessage,
    ) -> Result<UpdateOwnInstanceReply, Error> {
        match InstanceSettings::new(&self.app, body)?
            .store(&self.app, &caller.origin, caller.instance.serial)
            .await?
        {
            true => Ok(UpdateOwnInstanceReply::NoContent),
            false => Err(Error::InstanceDeleted),
        }
    }

    async fn delete_own_instance(
        &self,
        caller: Caller,
        purge: Option<YesNo>,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
    ) -> Result<DeleteOwnInstanceReply, Error> {
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let request = caller
            .confirmable::<operations::DeleteOwnInstance>(Purpose::DeleteInstance, presented)
            .parameter("purge", &purge)?;
        let own = self.stored(&caller).await?;
        instance::check_removable(&own)?;
        let delete = |permit| {
            let removal = Removal::of(purge);
            instance::remove(&self.app, &caller.origin, &own, removal, permit)
        };
        Ok(match self.protect(&request, &caller, delete).await? {
            Protected::Done(()) => DeleteOwnInstanceReply::NoContent,
            Protected::Challenged(challenges) => DeleteOwnInstanceReply::Accepted(challenges),
        })
    }

    async fn change_own_instance_auth(
        &self,
        caller: Caller,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
        body: InstanceAuthConfigurationMessage,
    ) -> Result<ChangeOwnInstanceAuthReply, Error> {
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let request = caller
            .confirmable::<operations::ChangeOwnInstanceAuth>(Purpose::ChangeCredentials, presented)
            .body(&body)?;
        let id = &caller.instance.instance_id;
        let auth = NewAuth::new(&self.app, id, body).map_err(Error::BadAuth)?;
        let own = self.stored(&caller).await?;
        let change = |permit| {
            let by = ChangedBy::Owner(caller.proof(), permit);
            instance::change_auth(&self.app, &own, &auth, &caller.origin, by)
        };
        Ok(match self.protect(&request, &caller, change).await? {
            Protected::Done(()) => ChangeOwnInstanceAuthReply::NoContent,
            Protected::Challenged(challenges) => ChangeOwnInstanceAuthReply::Accepted(challenges),
        })
    }
}

impl Merchant {
    /// The instance of the caller as it is stored.
    pub(super) async fn stored(&self, caller: &Caller) -> Result<Model, Error> {
        let serial = caller.instance.serial;
        let stored = db::instance::find_by_serial(self.app.database.read(), serial).await?;
        stored.ok_or(Error::InstanceUnknown)
    }
}
