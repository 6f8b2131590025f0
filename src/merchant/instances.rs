//! All instances, looked after by the operator.

use std::collections::BTreeMap;

use entity::{credential::Method, instance::Model};
use kontor_openapi::merchant::{
    ChangeInstanceAuthReply, CreateInstanceReply, DeleteInstanceReply, GetInstanceReply, Instance,
    InstanceAuthConfigurationMessage, InstanceConfigurationMessage, InstanceReconfigurationMessage,
    InstancesApi, InstancesResponse, ListInstancesReply, UpdateInstanceReply, YesNo, operations,
};

use super::{
    Caller, Merchant,
    instance::{self, By, ChangedBy, InstanceSettings, NewAuth, Removal},
};
use crate::{
    app::App,
    db,
    error::Error,
    mfa::{PresentedIds, Protected},
    tan::Purpose,
};

impl InstancesApi for Merchant {
    async fn list_instances(&self, _caller: Caller) -> Result<ListInstancesReply, Error> {
        Ok(ListInstancesReply::Ok(listed(&self.app).await?))
    }

    async fn create_instance(
        &self,
        caller: Caller,
        body: InstanceConfigurationMessage,
    ) -> Result<CreateInstanceReply, Error> {
        let location = instance::base_url(&self.app, &body.id);
        let by = By::Operator(caller.proof());
        instance::create(&self.app, body, &caller.origin, by).await?;
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
        caller: Caller,
        instance: String,
        body: InstanceReconfigurationMessage,
    ) -> Result<UpdateInstanceReply, Error> {
        let settings = InstanceSettings::new(&self.app, body)?;
        let stored = self.managed(&instance).await?;
        let serial = stored.serial;
        match settings.store(&self.app, &caller.origin, serial).await? {
            true => Ok(UpdateInstanceReply::NoContent),
            false => Err(Error::DeletedUnchangeable),
        }
    }

    async fn delete_instance(
        &self,
        caller: Caller,
        instance: String,
        purge: Option<YesNo>,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
    ) -> Result<DeleteInstanceReply, Error> {
        let stored = self.managed(&instance).await?;
        instance::check_removable(&stored)?;
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let request = caller
            .confirmable::<operations::DeleteInstance>(Purpose::DeleteInstance, presented)
            .about(&instance)
            .parameter("purge", &purge)?;
        let delete = |permit| {
            let removal = Removal::of(purge);
            instance::remove(&self.app, &caller.origin, &stored, removal, permit)
        };
        Ok(match self.protect(&request, &caller, delete).await? {
            Protected::Done(()) => DeleteInstanceReply::NoContent,
            Protected::Challenged(challenges) => DeleteInstanceReply::Accepted(challenges),
        })
    }

    async fn change_instance_auth(
        &self,
        caller: Caller,
        instance: String,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
        body: InstanceAuthConfigurationMessage,
    ) -> Result<ChangeInstanceAuthReply, Error> {
        let stored = self.managed(&instance).await?;
        if stored.deleted_at_us.is_some() {
            return Err(Error::InstanceDeleted);
        }
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let request = caller
            .confirmable::<operations::ChangeInstanceAuth>(Purpose::ChangeCredentials, presented)
            .about(&instance)
            .body(&body)?;
        let auth = NewAuth::new(&self.app, &instance, body).map_err(Error::BadAuth)?;
        let change = |permit| {
            let by = ChangedBy::Operator(caller.proof(), permit);
            instance::change_auth(&self.app, &stored, &auth, &caller.origin, by)
        };
        Ok(match self.protect(&request, &caller, change).await? {
            Protected::Done(()) => ChangeInstanceAuthReply::NoContent,
            Protected::Challenged(challenges) => ChangeInstanceAuthReply::Accepted(challenges),
        })
    }
}

impl Merchant {
    /// An instance by its id, deleted or not.
    pub(super) async fn managed(&self, instance_id: &str) -> Result<Model, Error> {
        db::instance::find(self.app.database.read(), instance_id)
            .await?
            .ok_or(Error::InstanceUnknown)
    }
}

/// All instances as the API lists them.
///
/// # Errors
/// [`Error::Internal`] for a stored value that cannot be read.
pub async fn listed(app: &App) -> Result<InstancesResponse, Error> {
    let connection = app.database.read();
    let stored = db::instance::list(connection).await?;
    let mut targets: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (instance_serial, target) in db::bank_account::payment_targets(connection).await? {
        targets.entry(instance_serial).or_default().push(target);
    }
    let entries = stored.into_iter().map(|stored| {
        let targets = targets.remove(&stored.serial);
        entry(stored, targets.unwrap_or_default())
    });
    let instances = entries.collect::<Result<_, _>>()?;
    Ok(InstancesResponse { instances })
}

fn entry(stored: Model, payment_targets: Vec<String>) -> Result<Instance, Error> {
    Ok(Instance {
        logo: instance::logo(&stored)?,
        merchant_pub: instance::public_key(&stored)?,
        deleted: stored.deleted_at_us.is_some(),
        name: stored.name,
        website: stored.website,
        id: stored.instance_id.parse().map_err(|_| {
            Error::Internal(format!("instance {} has a malformed id", stored.serial))
        })?,
        payment_targets,
    })
}
