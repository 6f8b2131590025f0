//! All instances, looked after by the operator.

use entity::{credential::Method, instance::Model};
use kontor_openapi::merchant::{
    ChangeInstanceAuthReply, CreateInstanceReply, DeleteInstanceReply, GetInstanceReply, Instance,
    InstanceAuthConfigurationMessage, InstanceConfigurationMessage, InstanceReconfigurationMessage,
    InstancesApi, InstancesResponse, ListInstancesReply, UpdateInstanceReply, YesNo,
};

use super::{
    Caller, Merchant,
    instance::{self, InstanceSettings, NewAuth, Removal, Tokens},
};
use crate::{db, error::Error};

impl InstancesApi for Merchant {
    async fn list_instances(&self, _caller: Caller) -> Result<ListInstancesReply, Error> {
        let stored = db::instance::list(self.app.database.read()).await?;
        let instances = stored.into_iter().map(entry).collect::<Result<_, _>>()?;
        Ok(ListInstancesReply::Ok(InstancesResponse { instances }))
    }

    async fn create_instance(
        &self,
        caller: Caller,
        body: InstanceConfigurationMessage,
    ) -> Result<CreateInstanceReply, Error> {
        let location = instance::base_url(&self.app, &body.id);
        instance::create(&self.app, body, caller.network, Some(caller.proof())).await?;
        Ok(CreateInstanceReply::NoContent {
            location: Some(location),
        })
    }

    async fn get_instance(
        &self,
        _caller: Caller,
        instance: String,
    ) -> Result<GetInstanceReply, Error> {
        let stored = self.managed(&instance).await?;
        let credential = db::credential::find(self.app.database.read(), stored.serial).await?;
        let method = credential.map_or(Method::Token, |credential| credential.method);
        Ok(GetInstanceReply::Ok(instance::shown(stored, method)?))
    }

    async fn update_instance(
        &self,
        _caller: Caller,
        instance: String,
        body: InstanceReconfigurationMessage,
    ) -> Result<UpdateInstanceReply, Error> {
        let settings = InstanceSettings::new(&self.app, body)?;
        let stored = self.managed(&instance).await?;
        match settings.store(&self.app, stored.serial).await? {
            true => Ok(UpdateInstanceReply::NoContent),
            false => Err(Error::DeletedUnchangeable),
        }
    }

    async fn delete_instance(
        &self,
        _caller: Caller,
        instance: String,
        purge: Option<YesNo>,
    ) -> Result<DeleteInstanceReply, Error> {
        let stored = self.managed(&instance).await?;
        self.delete(stored.serial, &stored.instance_id, purge)
            .await?;
        Ok(DeleteInstanceReply::NoContent)
    }

    async fn change_instance_auth(
        &self,
        caller: Caller,
        instance: String,
        body: InstanceAuthConfigurationMessage,
    ) -> Result<ChangeInstanceAuthReply, Error> {
        let stored = self.managed(&instance).await?;
        if stored.deleted_at_us.is_some() {
            return Err(Error::InstanceDeleted);
        }
        let auth = NewAuth::new(&self.app, &instance, body).map_err(Error::BadAuth)?;
        instance::change_auth(
            &self.app,
            stored.serial,
            &instance,
            auth,
            caller.network,
            Tokens::End,
            Some(caller.proof()),
        )
        .await?;
        Ok(ChangeInstanceAuthReply::NoContent)
    }
}

impl Merchant {
    async fn managed(&self, instance_id: &str) -> Result<Model, Error> {
        db::instance::find(self.app.database.read(), instance_id)
            .await?
            .ok_or(Error::InstanceUnknown)
    }

    /// Deletes an instance, or purges it.
    pub(super) async fn delete(
        &self,
        serial: i64,
        instance_id: &str,
        purge: Option<YesNo>,
    ) -> Result<(), Error> {
        let removal = match purge {
            Some(YesNo::Yes) => Removal::Purge,
            _ => Removal::Disable,
        };
        instance::remove(&self.app, serial, instance_id, removal).await
    }
}

/// An instance as the API lists it.
///
/// # Errors
/// [`Error::Internal`] for a stored value that cannot be read.
pub fn entry(stored: Model) -> Result<Instance, Error> {
    Ok(Instance {
        logo: instance::logo(&stored)?,
        merchant_pub: instance::public_key(&stored)?,
        deleted: stored.deleted_at_us.is_some(),
        name: stored.name,
        website: stored.website,
        id: stored.instance_id.parse().map_err(|_| {
            Error::Internal(format!("instance {} has a malformed id", stored.serial))
        })?,
        // Instances have no bank accounts yet.
        payment_targets: Vec::new(),
    })
}
