//! Access tokens: log in, refresh, list, log out.

use std::time::Duration;

use kontor_openapi::{
    merchant::{
        AccessTokensApi, CreateTokenReply, ListTokensReply, LoginTokenRequest,
        LoginTokenSuccessResponse, RevokeOwnTokenReply, RevokeTokenReply, TokenInfo, TokenInfos,
        operations,
    },
    scalar::{PageLimit, PageOffset, RelativeTime, SecretToken, Timestamp},
};

use super::{
    Authority, Caller, Merchant,
    login::{self, Granted, GrantedBy},
    page::page,
    revocation::{Revocation, revoke},
};
use crate::{
    auth::TokenScope,
    config::Lifetime,
    db,
    error::Error,
    mfa::{self, PresentedIds, Protected, Rule},
    tan::Purpose,
};

impl AccessTokensApi for Merchant {
    async fn create_token(
        &self,
        caller: Caller,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
        body: LoginTokenRequest,
    ) -> Result<CreateTokenReply, Error> {
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let request = caller
            .confirmable::<operations::CreateToken>(Purpose::LogIn, presented)
            .body(&body)?;
        let mut scope = login::scope(body.scope.as_str())?;
        scope.refreshable |= body.refreshable.unwrap_or(false);
        let asked = body.duration.map(|duration| match duration {
            RelativeTime::Forever => Lifetime::Forever,
            RelativeTime::Microseconds(microseconds) => {
                Lifetime::Limited(Duration::from_micros(microseconds))
            }
        });
        let mut lifetime = login::lifetime(&self.app, asked);
        let mut parent = None;
        if let Authority::Token(token, parent_scope) = &caller.authority {
            if !scope.is_subset_of(*parent_scope) {
                let detail =
                    format!("a token of scope {parent_scope} cannot obtain the scope {scope}");
                return Err(Error::PermissionInsufficient(detail));
            }
            lifetime = lifetime.min(granted(token.lifetime_us));
            parent = Some(token.serial);
        }
        let grant = |by| login::Grant {
            by,
            instance_serial: caller.instance.serial,
            instance_id: caller.instance.instance_id.clone(),
            credential_version: caller.credential_version,
            scope,
            lifetime,
            description: body.description.clone(),
        };
        if let Some(parent) = parent {
            let grant = grant(GrantedBy::Token(parent));
            let granted = login::grant(&self.app, &caller.origin, grant).await?;
            return Ok(CreateTokenReply::Ok(success(granted, scope)?));
        }
        let log_in = |permit| {
            let grant = grant(GrantedBy::Login(vec![permit]));
            login::grant(&self.app, &caller.origin, grant)
        };
        let asked = caller.asked();
        let granted = mfa::protect(&self.app, &request, &asked, Rule::Login, log_in);
        Ok(match granted.await? {
            Protected::Done(granted) => CreateTokenReply::Ok(success(granted, scope)?),
            Protected::Challenged(challenges) => CreateTokenReply::Accepted(challenges),
        })
    }

    async fn revoke_own_token(&self, caller: Caller) -> Result<RevokeOwnTokenReply, Error> {
        let Authority::Token(token, _) = &caller.authority else {
            return Err(Error::Malformed {
                parameter: "Authorization",
                reason: "is no access token",
            });
        };
        match self
            .revoke(&caller, Revocation::Alone(token.serial))
            .await?
        {
            true => Ok(RevokeOwnTokenReply::NoContent),
            false => Err(Error::Unauthorized),
        }
    }

    async fn list_tokens(
        &self,
        caller: Caller,
        limit: Option<PageLimit>,
        offset: Option<PageOffset>,
        delta: Option<PageLimit>,
        start: Option<PageOffset>,
    ) -> Result<ListTokensReply, Error> {
        let tokens = db::access_token::list(
            self.app.database.read(),
            caller.instance.serial,
            page(limit, offset, delta, start),
            self.app.now_us(),
        )
        .await?;
        if tokens.is_empty() {
            return Ok(ListTokensReply::NoContent);
        }
        let tokens = tokens
            .into_iter()
            .map(token_info)
            .collect::<Result<_, _>>()?;
        Ok(ListTokensReply::Ok(TokenInfos { tokens }))
    }

    async fn revoke_token(&self, caller: Caller, serial: u64) -> Result<RevokeTokenReply, Error> {
        let serial = i64::try_from(serial).map_err(|_| Error::TokenUnknown)?;
        let revocation = Revocation::WithRefreshed(serial);
        match self.revoke(&caller, revocation).await? {
            true => Ok(RevokeTokenReply::NoContent),
            false => Err(Error::TokenUnknown),
        }
    }
}

impl Merchant {
    /// Ends tokens of the caller's instance.
    async fn revoke(&self, caller: &Caller, revocation: Revocation) -> Result<bool, Error> {
        let instance = &caller.instance;
        let (serial, id) = (instance.serial, &instance.instance_id);
        revoke(&self.app, &caller.origin, serial, id, revocation).await
    }
}

/// A granted token as the API hands it out.
///
/// # Errors
/// [`Error::Internal`] for a scope that the document does not know.
pub(super) fn success(
    granted: Granted,
    scope: TokenScope,
) -> Result<LoginTokenSuccessResponse, Error> {
    let token: SecretToken = granted
        .token
        .expose()
        .parse()
        .map_err(|_| Error::Internal("a new token is malformed".to_owned()))?;
    Ok(LoginTokenSuccessResponse {
        token: token.clone(),
        access_token: token,
        scope: wire_scope(scope)?,
        expiration: timestamp(granted.expires_at_us),
        refreshable: scope.refreshable,
    })
}

fn wire_scope(scope: TokenScope) -> Result<kontor_openapi::merchant::TokenScope, Error> {
    let text = scope.to_string();
    text.parse()
        .map_err(|_| Error::Internal(format!("the document does not know the scope {text}")))
}

fn granted(lifetime_us: Option<i64>) -> Lifetime {
    lifetime_us.map_or(Lifetime::Forever, |lifetime| {
        Lifetime::Limited(Duration::from_micros(lifetime.unsigned_abs()))
    })
}

/// Microseconds since 1970 as a point in time of the API, in whole seconds.
pub fn timestamp(at_us: Option<i64>) -> Timestamp {
    at_us.map_or(Timestamp::Never, |at_us| {
        Timestamp::Seconds(at_us.max(0).unsigned_abs() / 1_000_000)
    })
}

/// A token as the API lists it.
///
/// # Errors
/// [`Error::Internal`] for a stored scope that the document does not know.
pub fn token_info(token: entity::access_token::Model) -> Result<TokenInfo, Error> {
    Ok(TokenInfo {
        creation_time: timestamp(Some(token.created_at_us)),
        expiration: timestamp(token.expires_at_us),
        scope: wire_scope(login::scope(&token.scope)?)?,
        refreshable: token.refreshable,
        description: token.description,
        serial: token.serial.unsigned_abs(),
    })
}
