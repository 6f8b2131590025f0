//! A place for a code, taken before it is sent: no more are on their way than may be.

use std::sync::Arc;

use entity::challenge::Model;
use entity::challenge_group;

use super::{
    ChallengeId,
    limits::{self, Addressee},
    tan_channel,
    transmission::purpose,
};
use crate::{
    app::App,
    audit::{Cap, Event, Recorder},
    db::{
        self, WriteTransaction,
        challenge::Open,
        code_counter::{self, CodeFor, Room},
    },
    error::Error,
    merchant::micros,
    tan,
};

/// A transmission that has its place in every count.
pub(super) struct Begun {
    pub(super) challenge: Model,
    pub(super) group: challenge_group::Model,
    /// When it began.
    pub(super) at_us: i64,
}

/// What became of the wish to send a code; a refusal is no failure of the write.
pub(super) enum Reservation {
    Begun(Box<Begun>),
    Unknown,
    Solved,
    TooEarly {
        channel: tan::Channel,
        retry_after_us: i64,
    },
    NoChannel,
}

/// Reserves a place for a code: in every count, and in time.
///
/// # Errors
/// The database's.
pub(super) async fn reserve(
    app: &Arc<App>,
    id: &ChallengeId,
    group: challenge_group::Model,
    audit: &Recorder,
) -> Result<Reservation, Error> {
    let digest = id.digest();
    let open = limits::open_challenges(group.budget, &group.instance_id);
    let (app_of_write, audit) = (Arc::clone(app), audit.clone());
    app.database
        .write(move |transaction| {
            let (app, audit, open) = (Arc::clone(&app_of_write), audit.clone(), open.clone());
            Box::pin(async move {
                let now_us = audit.now_us();
                // First what is counted, then the challenge: as whoever makes room for new ones does.
                code_counter::lock(transaction, &open, now_us).await?;
                match db::challenge::find_locked(transaction, &digest, now_us).await? {
                    None => Ok(Reservation::Unknown),
                    Some((challenge, group)) => {
                        begin(&app, transaction, challenge, group, &audit).await
                    }
                }
            })
        })
        .await
}

async fn begin(
    app: &App,
    transaction: &WriteTransaction,
    challenge: Model,
    group: challenge_group::Model,
    audit: &Recorder,
) -> Result<Reservation, Error> {
    let now_us = audit.now_us();
    if challenge.solved_at_us.is_some() {
        return Ok(Reservation::Solved);
    }
    if !app.tan.is_configured(tan_channel(challenge.channel)) {
        return Ok(Reservation::NoChannel);
    }
    if let Some((cap, retry_after_us)) = full(app, transaction, &challenge, &group, now_us).await? {
        let channel = tan_channel(challenge.channel);
        let event = Event::ChallengeRefused {
            purpose: purpose(&challenge, &group)?,
            channel: Some(channel),
            cap,
        };
        audit
            .record(transaction, &group.instance_id, &event)
            .await?;
        return Ok(Reservation::TooEarly {
            channel,
            retry_after_us,
        });
    }
    db::challenge::begin_transmission(transaction, challenge.serial, now_us).await?;
    Ok(Reservation::Begun(Box::new(Begun {
        challenge,
        group,
        at_us: now_us,
    })))
}

/// What keeps another code from being sent and for how long, in microseconds; if nothing does, it has its place in every count.
async fn full(
    app: &App,
    transaction: &WriteTransaction,
    challenge: &Model,
    group: &challenge_group::Model,
    now_us: i64,
) -> Result<Option<(Cap, i64)>, Error> {
    let open_until_us = too_many_open(transaction, challenge, group, now_us).await?;
    let failures_until_us = match challenge.failures >= limits::FAILURES_MOST {
        true => group.expires_at_us,
        false => i64::MIN,
    };
    let waits = [
        (Cap::Retransmission, next_from(app, challenge)),
        (Cap::OpenChallenges, open_until_us),
        (Cap::Failures, failures_until_us),
    ];
    let longest = waits.into_iter().max_by_key(|(_, until_us)| *until_us);
    if let Some((cap, until_us)) = longest.filter(|(_, until_us)| *until_us > now_us) {
        return Ok(Some((cap, until_us.saturating_sub(now_us))));
    }
    if limits::is_open_to_strangers(group.budget) {
        let failures = [limits::failures_of_network(group.budget, &group.network)];
        code_counter::lock(transaction, &failures[0].name, now_us).await?;
        let room = code_counter::look(transaction, &failures, now_us).await?;
        if let Room::Full { retry_after_us, .. } = room {
            return Ok(Some((Cap::Network, retry_after_us)));
        }
    }
    let addressee = Addressee {
        budget: group.budget,
        instance_serial: group.instance_serial,
        instance_id: &group.instance_id,
        network: &group.network,
        channel: challenge.channel,
        address: &challenge.address,
        role: challenge.role,
    };
    let counters = addressee.counters(app);
    let room = code_counter::reserve(
        transaction,
        &counters,
        Some(CodeFor::Challenge(challenge.serial)),
        now_us,
    );
    Ok(match room.await? {
        Room::Left => None,
        Room::Full {
            bound,
            retry_after_us,
        } => Some((limits::cap(bound), retry_after_us)),
    })
}

/// From when on another code can be sent for this challenge alone.
pub(super) fn next_from(app: &App, challenge: &Model) -> i64 {
    let pause = micros(app.settings.tan.retransmission);
    challenge
        .sent_at_us
        .map_or(i64::MIN, |sent_at_us| sent_at_us.saturating_add(pause))
}

/// Until when too many other challenges are open for which codes were sent.
async fn too_many_open(
    transaction: &WriteTransaction,
    challenge: &Model,
    group: &challenge_group::Model,
    now_us: i64,
) -> Result<i64, Error> {
    let mut until_us = i64::MIN;
    let of_network = limits::is_open_to_strangers(group.budget)
        .then_some((Some(group.network.as_str()), limits::OPEN_MOST_OF_NETWORK));
    for (network, most) in [(None, limits::OPEN_MOST)].into_iter().chain(of_network) {
        let open = Open {
            instance_id: &group.instance_id,
            budget: group.budget,
            network,
        };
        let until = db::challenge::sent_until(transaction, open, challenge.serial, most, now_us);
        until_us = until_us.max(until.await?.unwrap_or(i64::MIN));
    }
    Ok(until_us)
}
