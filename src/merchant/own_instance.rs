//! The instance whose base URL is used, looked after by itself.

use entity::credential::Method;
use kontor_openapi::merchant::{
    ChangeOwnInstanceAuthReply, DeleteOwnInstanceReply, GetOwnInstanceReply,
    InstanceAuthConfigurationMessage, InstanceReconfigurationMessage, OwnInstanceApi,
    UpdateOwnInstanceReply, YesNo,
};

use super::{
    Authority, Caller, Merchant,
    instance::{self, InstanceSettings, NewAuth, Tokens},
};
use crate::{db, error::Error};

impl OwnInstanceApi for Merchant {
    async fn get_own_instance(&self, caller: Caller) -> Result<GetOwnInstanceReply, Error> {
        let stored =
            db::instance::find_by_serial(self.app.database.read(), caller.instance.serial).await?;
        let method = match caller.authority {
            Authority::External => Method::External,
            Authority::Password | Authority::LegacySecret | Authority::Token(..) => Method::Token,
        };
        Ok(GetOwnInstanceReply::Ok(instance::shown(
            stored.ok_or(Error::InstanceUnknown)?,
            method,
        )?))
    }

    async fn update_own_instance(
        &self,
        caller: Caller,
        body: InstanceReconfigurationMessage,
    ) -> Result<UpdateOwnInstanceReply, Error> {
        match InstanceSettings::new(&self.app, body)?
            .store(&self.app, caller.instance.serial)
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
    ) -> Result<DeleteOwnInstanceReply, Error> {
        self.delete(caller.instance.serial, &caller.instance.instance_id, purge)
            .await?;
        Ok(DeleteOwnInstanceReply::NoContent)
    }

    async fn change_own_instance_auth(
        &self,
        caller: Caller,
        body: InstanceAuthConfigurationMessage,
    ) -> Result<ChangeOwnInstanceAuthReply, Error> {
        let id = &caller.instance.instance_id;
        let auth = NewAuth::new(&self.app, id, body).map_err(Error::BadAuth)?;
        instance::change_auth(
            &self.app,
            caller.instance.serial,
            id,
            auth,
            caller.network,
            Tokens::Keep,
            Some(caller.proof()),
        )
        .await?;
        Ok(ChangeOwnInstanceAuthReply::NoContent)
    }
}
