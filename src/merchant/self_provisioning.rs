//! What the owner of an instance does without the operator: sign up, and set a forgotten password.

use std::time::Duration;

use entity::{challenge::Channel, instance::Model};
use kontor_openapi::{
    merchant::{
        InstanceAuthConfigurationMessage, InstanceConfigurationMessage, ProvisionInstanceReply,
        ResetPasswordReply, SelfProvisioningApi, operations,
    },
    scalar::InstanceId,
};

use super::{
    Merchant, Visitor,
    access_tokens::success,
    instance::{self, By, ChangedBy, Creation, NewAuth},
    login::{self, Grant, Granted, GrantedBy, PreparedToken},
};
use crate::{
    app::App,
    audit::{Actor, Origin, Recorder},
    auth::{Scope, TokenScope},
    config::Lifetime,
    db::{self, instance::SecondFactors},
    error::Error,
    mfa::{self, Asked, Permit, PresentedIds, Protected, ProtectedRequest, Rule},
    tan::{Address, Purpose},
};

/// What the token is good for that a sign-up can ask for.
const WEB_INTERFACE: TokenScope = TokenScope {
    scope: Scope::Spa,
    refreshable: true,
};

impl SelfProvisioningApi for Merchant {
    async fn provision_instance(
        &self,
        visitor: Visitor,
        token_validity_ms: Option<u64>,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
        body: InstanceConfigurationMessage,
    ) -> Result<ProvisionInstanceReply, Error> {
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let id = body.id.clone();
        let request = ProtectedRequest::to::<operations::ProvisionInstance>(
            Purpose::SignUp,
            id.as_str(),
            visitor.origin.clone(),
            presented,
        );
        let request = request
            .parameter("token_validity_ms", &token_validity_ms)?
            .body(&body)?;
        let token_lifetime = token_validity_ms
            .filter(|milliseconds| *milliseconds > 0)
            .map(Duration::from_millis);
        let sign_up = SignUp::new(&self.app, body, &visitor.origin, token_lifetime)?;
        sign_up.check_id().await?;
        Ok(match sign_up.complete(&request).await? {
            Protected::Challenged(challenges) => ProvisionInstanceReply::Accepted(challenges),
            Protected::Done(None) => ProvisionInstanceReply::NoContent {
                location: Some(instance::base_url(&self.app, &id)),
            },
            Protected::Done(Some(granted)) => {
                ProvisionInstanceReply::Ok(success(granted, WEB_INTERFACE)?)
            }
        })
    }

    async fn reset_password(
        &self,
        visitor: Visitor,
        instance: String,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
        body: InstanceAuthConfigurationMessage,
    ) -> Result<ResetPasswordReply, Error> {
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let stored = self.resettable(&instance).await?;
        let request = ProtectedRequest::to::<operations::ResetPassword>(
            Purpose::ResetPassword,
            &stored.instance_id,
            visitor.origin.clone(),
            presented,
        );
        let request = request.body(&body)?;
        let auth = NewAuth::new(&self.app, &instance, body).map_err(Error::BadAuth)?;
        let asked = Asked::Owner {
            serial: stored.serial,
            credential_version: None,
        };
        let owner = visitor.origin.with_actor(Actor::SecondFactor {
            instance: stored.instance_id.clone(),
        });
        let reset = |permit| {
            let by = ChangedBy::Reset(permit);
            instance::change_auth(&self.app, &stored, &auth, &owner, by)
        };
        let reset = mfa::protect(&self.app, &request, &asked, Rule::Reset, reset);
        Ok(match reset.await? {
            Protected::Done(()) => ResetPasswordReply::NoContent,
            Protected::Challenged(challenges) => ResetPasswordReply::Accepted(challenges),
        })
    }
}

impl Merchant {
    /// The instance whose password may be reset: not that of the operator, who has the command line.
    async fn resettable(&self, instance_id: &str) -> Result<Model, Error> {
        if instance_id.eq_ignore_ascii_case(InstanceId::ADMIN) {
            return Err(Error::InstanceUnknown);
        }
        let stored = db::instance::find(self.app.database.read(), instance_id).await?;
        match stored {
            None => Err(Error::InstanceUnknown),
            Some(stored) if stored.deleted_at_us.is_some() => Err(Error::InstanceDeleted),
            Some(stored) => Ok(stored),
        }
    }
}

/// A sign-up, checked.
struct SignUp<'a> {
    app: &'a App,
    origin: &'a Origin,
    creation: Creation,
    token_lifetime: Option<Duration>,
}

/// What became of a sign-up whose contacts are proven.
enum SignedUp {
    /// It is complete, with a token if one was asked for.
    Complete(Option<Granted>),
    /// The instance was there just so, and a token for it takes a factor that is not among the contacts that were proven.
    NeedsFactor {
        stored: Box<Model>,
        credential_version: i64,
        permit: Permit,
    },
}

impl<'a> SignUp<'a> {
    fn new(
        app: &'a App,
        message: InstanceConfigurationMessage,
        origin: &'a Origin,
        token_lifetime: Option<Duration>,
    ) -> Result<Self, Error> {
        if !app.settings.merchant.self_provisioning {
            return Err(Error::SignUpRefused(
                "this server lets nobody sign up by himself; ask its operator for an instance",
            ));
        }
        if message.id.as_str().eq_ignore_ascii_case(InstanceId::ADMIN) {
            return Err(Error::SignUpRefused("the instance admin is the operator's"));
        }
        let creation = Creation::new(app, message)?;
        if matches!(creation.auth(), NewAuth::External) {
            return Err(Error::BadAuthAtCreation(
                "whoever signs up needs a password",
            ));
        }
        let sign_up = Self {
            app,
            origin,
            creation,
            token_lifetime,
        };
        sign_up.check_contacts()?;
        Ok(sign_up)
    }

    /// Codes can be sent to every contact, and none is missing that must be there.
    fn check_contacts(&self) -> Result<(), Error> {
        let contacts = self.contacts();
        for channel in SecondFactors::CHANNELS {
            let (parameter, reason) = match channel {
                Channel::Email => ("email", "is no e-mail address that a code can be sent to"),
                Channel::Sms => (
                    "phone_number",
                    "is no phone number that a code can be sent to",
                ),
            };
            match contacts.contact(channel) {
                None if self.app.mandatory_channels.contains(&channel) => {
                    return Err(Error::Missing(parameter));
                }
                Some(contact) if Address::parse(mfa::tan_channel(channel), contact).is_err() => {
                    return Err(Error::Malformed { parameter, reason });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn contacts(&self) -> SecondFactors {
        let profile = self.creation.profile();
        SecondFactors {
            email: profile.email.clone(),
            phone: profile.phone_number.clone(),
            email_factor: None,
            phone_factor: None,
            is_bound: true,
        }
    }

    /// Refuses an id at once where the difference is one that customers see anyway. Everything else is compared only when the contacts are proven: the
    /// answer would tell a stranger the contacts of a shop.
    async fn check_id(&self) -> Result<(), Error> {
        match self.creation.stored(self.app).await? {
            Some(stored) if stored.deleted_at_us.is_some() => Err(Error::PurgeRequired(
                "an instance of that id was deleted; choose another one",
            )),
            Some(stored) if stored.name != self.creation.profile().name => {
                Err(Error::InstanceExists)
            }
            _ => Ok(()),
        }
    }

    async fn complete(
        &self,
        request: &ProtectedRequest,
    ) -> Result<Protected<Option<Granted>>, Error> {
        let asked = Asked::Stranger(self.contacts());
        let create = |permit| self.create(permit);
        match mfa::protect(self.app, request, &asked, Rule::SignUp, create).await? {
            Protected::Challenged(challenges) => Ok(Protected::Challenged(challenges)),
            Protected::Done(SignedUp::Complete(granted)) => Ok(Protected::Done(granted)),
            Protected::Done(SignedUp::NeedsFactor {
                stored,
                credential_version,
                permit,
            }) => {
                let log_in = |factor: Permit| {
                    self.log_in(&stored, credential_version, vec![permit.clone(), factor])
                };
                let asked = Asked::Owner {
                    serial: stored.serial,
                    credential_version: Some(credential_version),
                };
                let request = request.as_login(&stored.instance_id);
                mfa::protect(self.app, &request, &asked, Rule::Login, log_in).await
            }
        }
    }

    /// Creates the instance, or finds that it is there just so.
    async fn create(&self, permit: Permit) -> Result<SignedUp, Error> {
        if let Some(stored) = self.creation.stored(self.app).await? {
            return self.repeat(stored, permit).await;
        }
        let token = self.token()?;
        let row = token.as_ref().map(|token| Box::new(token.row().clone()));
        let origin = match permit.proven() {
            [] => self.origin.clone(),
            _ => self.by(|instance| Actor::SecondFactor { instance }),
        };
        let by = By::Owner(Box::new(permit), row);
        let inserted = self.creation.insert(self.app, &origin, by).await?;
        // Somebody else was faster; with the stored instance it is a repeat.
        let inserted = inserted.ok_or(Error::ConfirmationStale)?;
        let granted = token
            .zip(inserted.token_serial)
            .map(|(token, serial)| token.granted(serial));
        Ok(SignedUp::Complete(granted))
    }

    /// The same request, by somebody who proved something of the instance.
    fn by(&self, actor: impl Fn(String) -> Actor) -> Origin {
        let instance = self.creation.id().to_owned();
        self.origin.clone().with_actor(actor(instance))
    }

    /// A token for an instance that has no number yet.
    fn token(&self) -> Result<Option<PreparedToken>, Error> {
        let prepare = |lifetime| login::prepare(self.app, &self.grant(0, 0, lifetime, Vec::new()));
        self.token_lifetime.map(prepare).transpose()
    }

    fn grant(
        &self,
        instance_serial: i64,
        credential_version: i64,
        lifetime: Duration,
        permits: Vec<Permit>,
    ) -> Grant {
        Grant {
            instance_serial,
            instance_id: self.creation.id().to_owned(),
            credential_version,
            scope: WEB_INTERFACE,
            lifetime: login::lifetime(self.app, Some(Lifetime::Limited(lifetime))),
            description: None,
            by: GrantedBy::Login(permits),
        }
    }

    async fn repeat(&self, stored: Model, permit: Permit) -> Result<SignedUp, Error> {
        let compared = self
            .creation
            .compare_blindly(self.app, &stored, self.origin);
        let credential_version = compared.await?;
        if self.token_lifetime.is_none() {
            self.use_up(permit).await?;
            return Ok(SignedUp::Complete(None));
        }
        let factors = SecondFactors::from(&stored);
        let has_factor = SecondFactors::CHANNELS
            .into_iter()
            .any(|channel| factors.factor(channel).is_some());
        let is_proven = permit
            .proven()
            .iter()
            .any(|target| factors.factor(target.channel) == Some(&target.address));
        if has_factor && !is_proven {
            let stored = Box::new(stored);
            return Ok(SignedUp::NeedsFactor {
                stored,
                credential_version,
                permit,
            });
        }
        let granted = self.log_in(&stored, credential_version, vec![permit]);
        granted.await.map(SignedUp::Complete)
    }

    async fn log_in(
        &self,
        stored: &Model,
        credential_version: i64,
        permits: Vec<Permit>,
    ) -> Result<Option<Granted>, Error> {
        let Some(lifetime) = self.token_lifetime else {
            return Ok(None);
        };
        let grant = self.grant(stored.serial, credential_version, lifetime, permits);
        let origin = self.by(|instance| Actor::Password { instance });
        login::grant(self.app, &origin, grant).await.map(Some)
    }

    async fn use_up(&self, permit: Permit) -> Result<(), Error> {
        let audit = Recorder::new(self.app, self.origin);
        let used = self.app.database.write(move |transaction| {
            let (audit, permit) = (audit.clone(), permit.clone());
            Box::pin(async move { permit.redeem(transaction, &audit).await })
        });
        used.await
    }
}
