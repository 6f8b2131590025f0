//! Challenges made for a request that lacks confirmations.

use entity::{SecretBytes, challenge::Model, challenge_group::Budget};
use kontor_openapi::merchant::{Challenge, ChallengeResponse};

use super::{
    ChallengeId, ProtectedRequest, Requirement, Target,
    limits::{self, Addressee},
    permit::Holder,
    sealed_body, tan_channel, wire_channel,
};
use crate::{
    app::App,
    audit::{Cap, Event, Recorder},
    db::{
        self, WriteTransaction,
        challenge::{ChallengeOfGroup, NewChallenge, NewChallengeGroup, Open},
        code_counter::{self, Counted, Room},
        credential::KeyedDigest,
    },
    error::Error,
    metrics::CodeOutcome,
    secrets::Purpose,
    tan,
};

/// How many requests that have ended a new one sweeps away.
const EXPIRED_AT_ONCE: u64 = 20;

impl From<&Model> for Target {
    fn from(challenge: &Model) -> Self {
        Self {
            channel: challenge.channel,
            address: challenge.address.clone(),
            role: challenge.role,
        }
    }
}

/// A request that lacks confirmations.
pub(super) struct Demand<'a> {
    pub(super) app: &'a App,
    pub(super) request: &'a ProtectedRequest,
    pub(super) holder: Option<&'a Holder>,
    pub(super) requirement: &'a Requirement,
    pub(super) solved: &'a [Target],
    /// The group that goes on, if some of its challenges are solved.
    pub(super) group: Option<i64>,
    pub(super) presented: &'a [ChallengeOfGroup],
}

/// What became of a demand; refusals are remembered with what they counted.
enum Issued {
    Yes,
    Capped { retry_after_us: i64 },
    Limited { retry_after_us: i64 },
}

impl Demand<'_> {
    /// Makes the challenges that are missing and says which they are.
    pub(super) async fn issue(self) -> Result<ChallengeResponse, Error> {
        let missing = self.requirement.missing(self.solved);
        let mut ids = Vec::new();
        let (mut new, mut counters) = (Vec::new(), Vec::new());
        for target in &missing {
            let id = match self.known_id(target) {
                Some(id) => id,
                None => {
                    let id = ChallengeId::generate(&self.app.random);
                    new.push(self.new_challenge(&id, target));
                    counters.push(self.counters(target));
                    id
                }
            };
            ids.push(id);
        }
        let plan = Plan {
            group: self.group,
            audit: Recorder::new(self.app, &self.request.origin),
            purpose: self.request.purpose,
            new_group: self.new_group(),
            counters,
            needs_all: self.requirement.is_all(),
            requests: limits::is_open_to_strangers(self.request.budget).then(|| self.requests()),
            challenges: new,
        };
        let issued = self.app.database.write(move |transaction| {
            let plan = plan.clone();
            Box::pin(async move { plan.carry_out(transaction).await })
        });
        let issued = issued.await?;
        if !matches!(issued, Issued::Yes) {
            self.app.codes.count(None, CodeOutcome::Refused);
        }
        match issued {
            Issued::Yes => Ok(response(self.requirement, &missing, &ids)),
            Issued::Capped { retry_after_us } => Err(Error::mfa_forbidden(retry_after_us)),
            Issued::Limited { retry_after_us } => Err(Error::limited(retry_after_us)),
        }
    }

    /// The id of an open challenge of the group that goes on, where the client named it.
    fn known_id(&self, wanted: &Target) -> Option<ChallengeId> {
        let mut open = self.presented.iter().filter(|(challenge, _)| {
            Some(challenge.group_serial) == self.group && challenge.solved_at_us.is_none()
        });
        let (challenge, _) = open.find(|(challenge, _)| Target::from(challenge) == *wanted)?;
        self.request
            .presented
            .with_digest(&challenge.id_digest)
            .cloned()
    }

    fn new_challenge(&self, id: &ChallengeId, target: &Target) -> NewChallenge {
        let body = self.request.canonical_body();
        NewChallenge {
            id_digest: id.digest(),
            channel: target.channel,
            address: target.address.clone(),
            role: target.role,
            sealed_body: body
                .filter(|body| self.is_kept(body))
                .map(|body| SecretBytes::new(sealed_body::seal(id, body.as_bytes()))),
        }
    }

    /// Strangers must not fill the disk with what may be as large as any body.
    fn is_kept(&self, body: &str) -> bool {
        !limits::is_open_to_strangers(self.request.budget) || body.len() <= limits::BODY_OF_STRANGER
    }

    fn new_group(&self) -> NewChallengeGroup {
        let (app, request) = (self.app, self.request);
        let now_us = app.now_us();
        let hash = app
            .keyring
            .keyed_hash(Purpose::ProtectedRequest, &request.binding());
        NewChallengeGroup {
            budget: request.budget,
            purpose: request.purpose.to_string(),
            operation: request.operation.to_owned(),
            instance: self
                .holder
                .map(|holder| (holder.serial, holder.credential_version)),
            instance_id: request.instance_id.clone(),
            subject: request.subject.clone(),
            request_hash: KeyedDigest {
                digest: SecretBytes::new(hash.to_bytes()),
                key_id: hash.key_id().to_string(),
            },
            network: request.network(),
            created_at_us: now_us,
            expires_at_us: now_us.saturating_add(limits::CHALLENGE_LIFE_US),
        }
    }

    fn counters(&self, target: &Target) -> Vec<Counted> {
        let addressee = Addressee {
            budget: self.request.budget,
            instance_serial: self.holder.map(|holder| holder.serial),
            instance_id: &self.request.instance_id,
            network: &self.request.network(),
            channel: target.channel,
            address: &target.address,
            role: target.role,
        };
        addressee.counters(self.app)
    }

    fn requests(&self) -> [Counted; 2] {
        limits::requests(self.app, self.request.budget, &self.request.network())
    }
}

/// What a demand writes: made outside of the write, which may run twice.
#[derive(Clone)]
struct Plan {
    audit: Recorder,
    purpose: tan::Purpose,
    group: Option<i64>,
    new_group: NewChallengeGroup,
    challenges: Vec<NewChallenge>,
    /// Per new challenge.
    counters: Vec<Vec<Counted>>,
    needs_all: bool,
    requests: Option<[Counted; 2]>,
}

impl Plan {
    async fn carry_out(self, transaction: &WriteTransaction) -> Result<Issued, Error> {
        let now_us = self.new_group.created_at_us;
        db::challenge::remove_expired(transaction, now_us, EXPIRED_AT_ONCE).await?;
        if let Some((cap, retry_after_us)) = self.cap(transaction).await? {
            self.note_refusal(transaction, cap).await?;
            return Ok(Issued::Capped { retry_after_us });
        }
        if let (Some(requests), None) = (&self.requests, self.group)
            && let Room::Full {
                bound,
                retry_after_us,
            } = code_counter::reserve(transaction, requests, None, now_us).await?
        {
            self.note_refusal(transaction, limits::cap(bound)).await?;
            return Ok(Issued::Limited { retry_after_us });
        }
        self.make_room(transaction).await?;
        let group_serial = self.hold_group(transaction).await?;
        for challenge in &self.challenges {
            db::challenge::insert(transaction, group_serial, challenge).await?;
        }
        Ok(Issued::Yes)
    }

    /// Anybody can sign up with any number of names: who is refused there is in the access log alone.
    async fn note_refusal(&self, transaction: &WriteTransaction, cap: Cap) -> Result<(), Error> {
        if self.new_group.budget == Budget::SignUp {
            return Ok(());
        }
        let event = Event::ChallengeRefused {
            purpose: self.purpose,
            channel: None,
            cap,
        };
        let instance_id = &self.new_group.instance_id;
        Ok(self.audit.record(transaction, instance_id, &event).await?)
    }

    /// The group that the challenges belong to; it does not go before the write ends.
    async fn hold_group(&self, transaction: &WriteTransaction) -> Result<i64, Error> {
        if let Some(serial) = self.group {
            // Somebody else may have used it up since it was looked at.
            let is_held = db::challenge::hold_group(transaction, serial).await?;
            return is_held.then_some(serial).ok_or(Error::ConfirmationStale);
        }
        if let Some((instance_serial, _)) = self.new_group.instance {
            let instance = db::instance::find_held(transaction, instance_serial).await?;
            instance.ok_or(Error::InstanceUnknown)?;
        }
        Ok(db::challenge::insert_group(transaction, &self.new_group).await?)
    }

    /// Why and for how long no code can be sent that would help, if that is so.
    async fn cap(&self, transaction: &WriteTransaction) -> Result<Option<(Cap, i64)>, Error> {
        let now_us = self.new_group.created_at_us;
        let mut full = Vec::new();
        for counters in &self.counters {
            if let Room::Full {
                bound,
                retry_after_us,
            } = code_counter::look(transaction, counters, now_us).await?
            {
                full.push((limits::cap(bound), retry_after_us));
            }
        }
        let is_capped = match self.needs_all {
            true => !full.is_empty(),
            false => !full.is_empty() && full.len() == self.counters.len(),
        };
        let longest = full
            .into_iter()
            .max_by_key(|(_, retry_after_us)| *retry_after_us);
        Ok(longest.filter(|_| is_capped))
    }

    /// Nobody keeps more challenges open than allowed: the oldest that were not used give way.
    async fn make_room(&self, transaction: &WriteTransaction) -> Result<(), Error> {
        let NewChallengeGroup {
            budget,
            instance_id,
            network,
            created_at_us,
            ..
        } = &self.new_group;
        let name = limits::open_challenges(*budget, instance_id);
        code_counter::lock(transaction, &name, *created_at_us).await?;
        let by_network = limits::is_open_to_strangers(*budget);
        let (network, most) = match by_network {
            true => (Some(network.as_str()), limits::OPEN_MOST_OF_NETWORK),
            false => (None, limits::OPEN_MOST),
        };
        let open = Open {
            instance_id,
            budget: *budget,
            network,
        };
        let new = u64::try_from(self.challenges.len()).unwrap_or(u64::MAX);
        let most = most.saturating_sub(new);
        db::challenge::evict(transaction, open, most, self.group, *created_at_us).await?;
        Ok(())
    }
}

fn response(
    requirement: &Requirement,
    missing: &[Target],
    ids: &[ChallengeId],
) -> ChallengeResponse {
    let challenges: Vec<_> = missing
        .iter()
        .zip(ids)
        .map(|(target, id)| Challenge {
            challenge_id: id.expose(),
            tan_channel: wire_channel(target.channel),
            tan_info: tan::hint(tan_channel(target.channel), &target.address),
        })
        .collect();
    let first = challenges.first();
    ChallengeResponse {
        combi_and: requirement.is_all(),
        challenge_id: first.map_or_else(String::new, |first| first.challenge_id.clone()),
        challenges,
    }
}
