//! What a credential is worth in front of an instance.

use entity::credential::Method;
use kontor_openapi::Operation;

use super::Authority;
use crate::{
    app::App,
    audit::Origin,
    auth::{LegacySecret, Presented, PresentedSecret, TokenScope},
    db::instance::{CredentialOfAccess, InstanceAccess},
    error::Error,
    merchant::login,
    secrets::KeyedHash,
};

/// The scheme that only a login accepts.
const PASSWORD_SCHEME: &str = "instancePassword";

/// A request in front of an instance.
pub(super) struct Door<'a> {
    pub(super) app: &'a App,
    pub(super) access: &'a InstanceAccess,
    pub(super) credential: &'a CredentialOfAccess,
    pub(super) origin: &'a Origin,
}

impl Door<'_> {
    /// By what right somebody comes who presents this, and the version of the credential that it was checked against.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::PermissionInsufficient`], those of [`login::verify`].
    pub(super) async fn authority(
        &self,
        presented: Presented,
        operation: &Operation,
    ) -> Result<(Authority, i64), Error> {
        let is_login = operation
            .security
            .iter()
            .any(|requirement| requirement.scheme == PASSWORD_SCHEME);
        if self.credential.method == Method::External {
            return self.external(is_login);
        }
        match presented {
            Presented::Basic { user, password }
                if is_login && user == self.access.instance.instance_id =>
            {
                self.log_in(&password).await
            }
            Presented::Bearer(_) if self.access.token.is_some() => self.token(operation),
            Presented::Bearer(secret) if is_login => self.log_in_by_bearer(&secret).await,
            Presented::Bearer(secret) => self.legacy(&secret).await,
            Presented::None | Presented::Malformed | Presented::Basic { .. } => {
                Err(Error::Unauthorized)
            }
        }
    }

    fn external(&self, is_login: bool) -> Result<(Authority, i64), Error> {
        if is_login || !self.app.settings.merchant.allow_external_auth {
            return Err(Error::Unauthorized);
        }
        Ok((Authority::External, self.credential.version))
    }

    fn token(&self, operation: &Operation) -> Result<(Authority, i64), Error> {
        let token = self.access.token.clone().ok_or(Error::Unauthorized)?;
        let scope: TokenScope = token
            .scope
            .parse()
            .map_err(|_| Error::Internal("a token has an unknown scope".to_owned()))?;
        if let Some(permission) = operation.permission()
            && !scope.grants(permission)
        {
            let detail = format!("the scope {scope} does not grant the permission {permission}");
            return Err(Error::PermissionInsufficient(detail));
        }
        Ok((Authority::Token(token, scope), self.credential.version))
    }

    async fn log_in(&self, secret: &PresentedSecret) -> Result<(Authority, i64), Error> {
        let password = secret.password().ok_or(Error::Unauthorized)?;
        let version = login::verify(
            self.app,
            self.access.instance.serial,
            self.origin,
            &password,
        )
        .await?;
        Ok((self.proven(), version))
    }

    /// What somebody has who knows the password of the instance.
    fn proven(&self) -> Authority {
        match self.credential.is_legacy {
            true => Authority::LegacySecret,
            false => Authority::Password,
        }
    }

    /// Clients written before there were passwords log in by a bearer. What has the form of an access token is only ever
    /// looked up: as a token that was not found, or as a strong legacy secret.
    async fn log_in_by_bearer(&self, secret: &PresentedSecret) -> Result<(Authority, i64), Error> {
        if self.is_strong_legacy(secret)? {
            return Ok((self.proven(), self.credential.version));
        }
        if secret.access_token().is_some() {
            return Err(Error::Unauthorized);
        }
        match self.weak_legacy(secret) {
            Some(legacy) => Ok((self.proven(), self.verify_legacy(&legacy).await?)),
            None => self.log_in(secret).await,
        }
    }

    async fn legacy(&self, secret: &PresentedSecret) -> Result<(Authority, i64), Error> {
        if self.is_strong_legacy(secret)? {
            return Ok((Authority::LegacySecret, self.credential.version));
        }
        let legacy = self.weak_legacy(secret).ok_or(Error::Unauthorized)?;
        let version = self.verify_legacy(&legacy).await?;
        Ok((Authority::LegacySecret, version))
    }

    /// The secret as a legacy secret that only a password hash can verify, where the instance has such a one.
    fn weak_legacy(&self, secret: &PresentedSecret) -> Option<LegacySecret> {
        secret
            .legacy_secret()
            .filter(|_| self.credential.is_legacy && secret.access_token().is_none())
    }

    /// The version of the credential that a weak legacy secret is right for; what was verified before costs no hash and
    /// passes the limit of failed logins.
    async fn verify_legacy(&self, legacy: &LegacySecret) -> Result<i64, Error> {
        let (serial, version) = (self.access.instance.serial, self.credential.version);
        if self.app.verified_secrets.contains(serial, version, legacy) {
            return Ok(version);
        }
        let version = login::verify(self.app, serial, self.origin, &legacy.password()).await?;
        self.app.verified_secrets.remember(serial, version, legacy);
        Ok(version)
    }

    fn is_strong_legacy(&self, secret: &PresentedSecret) -> Result<bool, Error> {
        let stored = self
            .credential
            .bearer_digest
            .as_ref()
            .and_then(|digest| KeyedHash::from_bytes(digest.expose()));
        let (Some(stored), Some(legacy)) = (stored, secret.legacy_secret()) else {
            return Ok(false);
        };
        Ok(legacy.matches(
            &self.app.keyring,
            &self.access.instance.instance_id,
            &stored,
        )?)
    }
}
