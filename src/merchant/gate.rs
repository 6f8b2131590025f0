//! Who may call an operation: the one place where credentials become rights.

mod door;

use kontor_openapi::{Described, Gate, Operation, dispatch::InstanceName, scalar::InstanceId};
use poem::{
    Request,
    http::{HeaderMap, header},
};
use sea_orm::ConnectionTrait;

use super::Merchant;
use crate::{
    audit::{Actor, Origin},
    auth::{Presented, TokenScope},
    db::{
        WriteTransaction, access_token, credential,
        instance::{InstanceAccess, InstanceOfAccess, TokenOfAccess, find, find_with_bearer},
    },
    error::Error,
    http::{ClientAddress, Deadline, RequestId},
    mfa::{self, Asked, Permit, PresentedIds, Protected, ProtectedRequest, Rule},
    tan::Purpose,
};
use door::Door;

/// A visitor of a public operation: what it addresses exists.
#[derive(Debug)]
pub struct Visitor {
    /// The headers of the request, for content negotiation.
    pub headers: HeaderMap,
    /// The instance under whose base URL the request was made; none at the root.
    pub below: Option<String>,
    /// Where the request came from, by somebody who is not known.
    pub origin: Origin,
    /// How long the request may live.
    pub deadline: Deadline,
}

/// A caller whose credential was checked against the operation's permission.
#[derive(Debug)]
pub struct Caller {
    /// The instance whose credential it is.
    pub instance: InstanceOfAccess,
    /// The version of the credential that was current when the caller was let in.
    pub credential_version: i64,
    /// By what right.
    pub authority: Authority,
    /// Who that is for the record, and where the request came from.
    pub origin: Origin,
    /// The `Accept` headers of the request, for content negotiation.
    pub accept: HeaderMap,
    /// How long the request may live.
    pub deadline: Deadline,
}

impl Caller {
    /// A request of the caller that its instance's second factor may have to confirm.
    #[must_use]
    pub fn confirmable<O: Described>(
        &self,
        purpose: Purpose,
        presented: PresentedIds,
    ) -> ProtectedRequest {
        let instance_id = &self.instance.instance_id;
        ProtectedRequest::to::<O>(purpose, instance_id, self.origin.clone(), presented)
    }

    /// Who is asked to confirm: the owner of the instance whose credential was presented.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked::Owner {
            serial: self.instance.serial,
            credential_version: Some(self.credential_version),
        }
    }

    /// What must still hold when the caller's change is written.
    #[must_use]
    pub fn proof(&self) -> Proof {
        Proof {
            instance_serial: self.instance.serial,
            credential_version: self.credential_version,
            token_serial: match &self.authority {
                Authority::Token(token, _) => Some(token.serial),
                Authority::Password | Authority::LegacySecret | Authority::External => None,
            },
        }
    }
}

/// By what credential a caller was let in. Where a change waits before it is written (for a password hash), the
/// credential may have been replaced or the token ended meanwhile, and then the change must not be made.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    instance_serial: i64,
    credential_version: i64,
    token_serial: Option<i64>,
}

impl Proof {
    /// Makes sure, inside the write, that it still holds, and that it does so until the write ends.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] if it does not.
    pub async fn check(self, transaction: &WriteTransaction, now_us: i64) -> Result<(), Error> {
        let Self {
            instance_serial,
            credential_version,
            token_serial,
        } = self;
        // Whoever ends tokens locks the credential first, as this does.
        let mut holds =
            credential::still_holds(transaction, instance_serial, credential_version).await?;
        if let Some(serial) = token_serial {
            holds &= access_token::is_live(transaction, instance_serial, serial, now_us).await?;
        }
        if holds {
            Ok(())
        } else {
            Err(Error::Unauthorized)
        }
    }
}

impl Proof {
    /// Makes sure, after a wait, that it still holds: what was revoked meanwhile shows nothing any more.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] if it does not.
    pub async fn check_again(
        self,
        connection: &impl ConnectionTrait,
        now_us: i64,
    ) -> Result<(), Error> {
        let instance_serial = self.instance_serial;
        let holds = match self.token_serial {
            // An owner who changes the password keeps the tokens.
            Some(serial) => {
                access_token::is_live(connection, instance_serial, serial, now_us).await?
            }
            None => {
                let found = credential::find(connection, instance_serial).await?;
                found.is_some_and(|found| found.version == self.credential_version)
            }
        };
        if holds {
            Ok(())
        } else {
            Err(Error::Unauthorized)
        }
    }
}

/// By what right somebody calls.
#[derive(Debug)]
pub enum Authority {
    /// The password, at a login.
    Password,
    /// A legacy secret, which is good for everything, and at a login a password.
    LegacySecret,
    /// Nothing: whatever stands in front of the server vouches for the caller.
    External,
    /// An access token.
    Token(TokenOfAccess, TokenScope),
}

impl Authority {
    /// Who that is for the record.
    fn actor(&self, instance: &InstanceOfAccess) -> Actor {
        let instance = instance.instance_id.clone();
        match self {
            Self::Password => Actor::Password { instance },
            Self::LegacySecret => Actor::LegacySecret { instance },
            Self::External => Actor::External { instance },
            Self::Token(token, _) => Actor::Token {
                instance,
                serial: token.serial,
            },
        }
    }
}

impl Gate for Merchant {
    type Visitor = Visitor;
    type Caller = Caller;
    type Error = Error;

    async fn admit(
        &self,
        request: &Request,
        _operation: &'static Operation,
    ) -> Result<Visitor, Error> {
        let name = instance_name(request);
        // The public pages of the root are there before any instance is.
        if name != InstanceId::ADMIN {
            let instance = find(self.app.database.read(), name)
                .await?
                .ok_or(Error::InstanceUnknown)?;
            if instance.deleted_at_us.is_some() {
                return Err(Error::InstanceDeleted);
            }
        }
        Ok(Visitor {
            headers: request.headers().clone(),
            below: (name != InstanceId::ADMIN).then(|| name.to_owned()),
            origin: origin(request)?,
            deadline: deadline(request),
        })
    }

    async fn authorize(
        &self,
        request: &Request,
        operation: &'static Operation,
    ) -> Result<Caller, Error> {
        let presented = Presented::from_headers(request.headers());
        let access = self
            .access(instance_name(request), &presented, operation)
            .await?;
        let origin = origin(request)?;
        let credential = access.credential.clone().ok_or(Error::Unauthorized)?;
        let door = Door {
            app: &self.app,
            access: &access,
            credential: &credential,
            origin: &origin,
        };
        let (authority, credential_version) = door.authority(presented, operation).await?;
        if !operation.usable_before_validation && self.lacks_factor(&access.instance) {
            return Err(Error::MfaMissing);
        }
        Ok(Caller {
            origin: origin.with_actor(authority.actor(&access.instance)),
            instance: access.instance,
            credential_version,
            authority,
            accept: accept(request.headers()),
            deadline: deadline(request),
        })
    }
}

/// The other headers hold secrets, or are parameters of the operation.
fn accept(headers: &HeaderMap) -> HeaderMap {
    let values = headers.get_all(header::ACCEPT).iter();
    values
        .map(|value| (header::ACCEPT, value.clone()))
        .collect()
}

/// Where a request comes from, while nobody knows who makes it.
fn origin(request: &Request) -> Result<Origin, Error> {
    let (address, id) = (request.data::<ClientAddress>(), request.data::<RequestId>());
    let known = address.zip(id);
    known
        .map(|(address, id)| Origin::of_request(Actor::Anonymous, *address, id))
        .ok_or_else(|| Error::Internal("the client's address is not known".to_owned()))
}

/// Outside of the layers that end a request there is nothing to extend.
fn deadline(request: &Request) -> Deadline {
    request.data::<Deadline>().cloned().unwrap_or_default()
}

fn instance_name(request: &Request) -> &str {
    request
        .data::<InstanceName>()
        .map_or(InstanceId::ADMIN, |name| &name.0)
}

impl Merchant {
    /// Lets a caller act, once any one factor of the caller's instance has confirmed it.
    ///
    /// # Errors
    /// Those of [`mfa::protect`].
    pub(super) async fn protect<T, F>(
        &self,
        request: &ProtectedRequest,
        caller: &Caller,
        act: impl Fn(Permit) -> F + Send + Sync,
    ) -> Result<Protected<T>, Error>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        mfa::protect(&self.app, request, &caller.asked(), Rule::Protected, act).await
    }

    /// Whether an instance that signed up by itself has yet to prove a contact.
    fn lacks_factor(&self, instance: &InstanceOfAccess) -> bool {
        let mandatory = &self.app.mandatory_channels;
        let mut lacking = mandatory
            .iter()
            .filter(|channel| !instance.factors.contains(channel));
        instance.is_bound && lacking.next().is_some()
    }

    /// The instance with the token that was presented: one query.
    async fn access(
        &self,
        name: &str,
        presented: &Presented,
        operation: &Operation,
    ) -> Result<InstanceAccess, Error> {
        let digest = match presented {
            Presented::Bearer(secret) => secret.access_token(),
            _ => None,
        };
        let digest = digest.as_ref().map(|digest| &digest.as_bytes()[..]);
        let access =
            find_with_bearer(self.app.database.read(), name, digest, self.app.now_us()).await?;
        match access {
            // Before there is an admin, nobody manages.
            None if operation.root_only => Err(Error::Unauthorized),
            None => Err(Error::InstanceUnknown),
            Some(access) if access.instance.is_deleted => Err(Error::InstanceDeleted),
            Some(access) => Ok(access),
        }
    }
}
