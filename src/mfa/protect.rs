//! The gate: an operation acts, or its caller is asked to confirm it.

use kontor_openapi::merchant::ChallengeResponse;
use sea_orm::DbErr;

use super::{
    Permit, ProtectedRequest, Requirement, Rule, Rules, Target, configured_channels,
    demand::Demand, limits, permit::Holder,
};
use crate::{
    app::App,
    db::{
        self, DatabaseError,
        challenge::ChallengeOfGroup,
        code_counter::{self, Room},
        instance::SecondFactors,
    },
    error::Error,
    secrets::{KeyedHash, Purpose},
};

/// How often it is tried again when what was confirmed changed at the same moment.
const ROUNDS: usize = 5;

/// Who is asked to confirm.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The owner of an instance, by its factors; with the version of the credential that was proven, if one was.
    Owner {
        /// The instance.
        serial: i64,
        /// What the caller proved.
        credential_version: Option<i64>,
    },
    /// Somebody who has no instance yet, by the contacts that are stated.
    Stranger(SecondFactors),
}

/// What became of a protected request.
#[derive(Debug)]
pub enum Protected<T> {
    /// It took effect.
    Done(T),
    /// It has to be confirmed first.
    Challenged(ChallengeResponse),
}

/// Lets a request act if nobody has to confirm it, or if its solved challenges do; otherwise returns challenges. `rule` says what must be confirmed;
/// `act` redeems the permit in its write, and may be called again where that came too late.
///
/// # Errors
/// [`Error::MfaMissing`] where a code is needed and cannot be sent, [`Error::MfaForbidden`] where too many were, [`Error::Limited`] for a network from which too
/// many such requests come; those of `act`.
pub async fn protect<T, F>(
    app: &App,
    request: &ProtectedRequest,
    asked: &Asked,
    rule: Rule,
    act: impl Fn(Permit) -> F + Send + Sync,
) -> Result<Protected<T>, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    let configured = configured_channels(app);
    for _ in 0..ROUNDS {
        let (holder, factors) = load(app, asked).await?;
        let rules = Rules {
            factors: &factors,
            configured: &configured,
            mandatory: &app.mandatory_channels,
        };
        let requirement = rules.requirement(rule);
        let outcome = match check(app, request, holder, &requirement).await {
            Ok(Checked::Missing(response)) => Ok(Protected::Challenged(response)),
            Ok(Checked::Met(permit)) => act(permit).await.map(Protected::Done),
            Err(error) => Err(error),
        };
        if !matches!(outcome, Err(Error::ConfirmationStale)) {
            return outcome;
        }
    }
    let busy = DbErr::Custom("the second factors of an instance kept changing".to_owned());
    Err(DatabaseError::Soft(busy).into())
}

async fn load(app: &App, asked: &Asked) -> Result<(Option<Holder>, SecondFactors), Error> {
    let (serial, proven_version) = match asked {
        Asked::Stranger(contacts) => return Ok((None, contacts.clone())),
        Asked::Owner {
            serial,
            credential_version,
        } => (*serial, *credential_version),
    };
    let stored = db::instance::find_by_serial(app.database.read(), serial)
        .await?
        .ok_or(Error::InstanceUnknown)?;
    if stored.deleted_at_us.is_some() {
        return Err(Error::InstanceDeleted);
    }
    let credential = db::credential::find(app.database.read(), serial).await?;
    let credential_version = credential.ok_or(Error::Unauthorized)?.version;
    if proven_version.is_some_and(|proven| proven != credential_version) {
        return Err(Error::Unauthorized);
    }
    let factors = SecondFactors::from(&stored);
    let holder = Holder {
        serial,
        instance_id: stored.instance_id,
        credential_version,
        factors: factors.clone(),
    };
    Ok((Some(holder), factors))
}

enum Checked {
    Met(Permit),
    Missing(ChallengeResponse),
}

async fn check(
    app: &App,
    request: &ProtectedRequest,
    holder: Option<Holder>,
    requirement: &Requirement,
) -> Result<Checked, Error> {
    if *requirement == Requirement::Impossible {
        return Err(Error::MfaMissing);
    }
    let presented = presented(app, request, holder.as_ref()).await?;
    let mut groups: Vec<i64> = presented
        .iter()
        .filter(|(challenge, _)| challenge.solved_at_us.is_some())
        .map(|(challenge, _)| challenge.group_serial)
        .collect();
    groups.sort_unstable();
    groups.dedup();
    let solved = match groups.is_empty() {
        true => Vec::new(),
        false => db::challenge::solved(app.database.read(), &groups).await?,
    };
    let solved: Vec<Target> = solved.iter().map(Target::from).collect();
    if requirement.is_met_by(&solved) {
        if holder.is_none() && groups.is_empty() {
            count_request(app, request).await?;
        }
        let permit = Permit::new(holder, requirement, &solved, groups);
        return Ok(Checked::Met(permit));
    }
    let demand = Demand {
        app,
        request,
        holder: holder.as_ref(),
        requirement,
        solved: &solved,
        group: groups.first().copied(),
        presented: &presented,
    };
    Ok(Checked::Missing(demand.issue().await?))
}

/// The live challenges that the request brings and that are good for it; all others count as absent.
async fn presented(
    app: &App,
    request: &ProtectedRequest,
    holder: Option<&Holder>,
) -> Result<Vec<ChallengeOfGroup>, Error> {
    let digests = request.presented.digests();
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    let found = db::challenge::find(app.database.read(), &digests, app.now_us()).await?;
    let binding = request.binding();
    let mut own = Vec::new();
    for (challenge, group) in found {
        let is_own = group.budget == request.budget
            && group.instance_id == request.instance_id
            && group.instance_serial == holder.map(|holder| holder.serial)
            && group.credential_version == holder.map(|holder| holder.credential_version);
        let hash = KeyedHash::from_bytes(group.request_hash.expose());
        let hash =
            hash.ok_or_else(|| Error::Internal("a request's hash is malformed".to_owned()))?;
        if is_own
            && app
                .keyring
                .verify_keyed_hash(Purpose::ProtectedRequest, &binding, &hash)?
        {
            own.push((challenge, group));
        }
    }
    Ok(own)
}

/// Counts a request of a stranger that nobody has to confirm.
async fn count_request(app: &App, request: &ProtectedRequest) -> Result<(), Error> {
    let counted = limits::requests(app, request.budget, &request.network());
    let now_us = app.now_us();
    let room = app.database.write(move |transaction| {
        let counted = counted.clone();
        Box::pin(async move {
            let room = code_counter::reserve(transaction, &counted, None, now_us).await?;
            Ok::<_, Error>(room)
        })
    });
    match room.await? {
        Room::Left => Ok(()),
        Room::Full { retry_after_us, .. } => Err(Error::limited(retry_after_us)),
    }
}
