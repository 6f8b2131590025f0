//! How many codes and challenges there may be, and for whom.

use entity::challenge::{Channel, Role};
use entity::challenge_group::Budget;
use sea_orm::ActiveEnum;

use super::tan_channel;
use crate::{
    app::App,
    audit::Cap,
    db::{
        DatabaseError, WriteTransaction,
        code_counter::{self, Bound, Counted},
    },
    secrets::Purpose,
    tan::Address,
};

/// Open challenges of one instance and kind of request.
pub(super) const OPEN_MOST: u64 = 16;

/// Open challenges that one network may hold of these, where anybody can ask for them.
pub(super) const OPEN_MOST_OF_NETWORK: u64 = 4;

/// Codes a day that one network can have sent about one instance, where anybody can ask for them.
const CODES_OF_NETWORK: u64 = 6;

/// Codes of one challenge that were not sent. They cost no place in any other count, but the work of trying.
pub(super) const FAILURES_MOST: i64 = 10;

/// Codes that were not sent in a day for one network, where anybody can ask for them.
const FAILURES_OF_NETWORK: u64 = 60;

/// How many requests of strangers are begun on the whole server for each code that it sends them in a day.
const REQUESTS_PER_CODE: u64 = 10;

/// Longest body of a stranger's request that is kept to be taken again, in bytes.
pub(super) const BODY_OF_STRANGER: usize = 16 * 1024;

/// Life of a challenge from its answer, in microseconds.
pub(super) const CHALLENGE_LIFE_US: i64 = 60 * 60 * 1_000_000;

/// Whether anybody can make such a request.
pub(super) const fn is_open_to_strangers(budget: Budget) -> bool {
    matches!(budget, Budget::Reset | Budget::SignUp)
}

/// A full counter as the record names it.
pub(super) const fn cap(bound: Bound) -> Cap {
    match bound {
        Bound::Account => Cap::Account,
        Bound::Address => Cap::Address,
        Bound::Network => Cap::Network,
        Bound::Server => Cap::Server,
    }
}

/// What a code to an address counts for.
pub(super) struct Addressee<'a> {
    pub(super) budget: Budget,
    pub(super) instance_serial: Option<i64>,
    pub(super) instance_id: &'a str,
    pub(super) network: &'a str,
    pub(super) channel: Channel,
    pub(super) address: &'a str,
    pub(super) role: Role,
}

impl Addressee<'_> {
    /// Every counter that a code to it fills.
    pub(super) fn counters(&self, app: &App) -> Vec<Counted> {
        let settings = &app.settings.tan;
        let (budget, kind) = (self.budget, self.budget.to_value());
        let daily = u64::from(settings.daily_limit);
        let mut counters = Vec::new();
        let mut count = |bound, name, most| counters.push(Counted { name, most, bound });
        if let Some(serial) = self.instance_serial {
            let name = code_counter::of_instance(budget, serial);
            count(Bound::Account, name, daily);
        }
        // An address that was proven counts for its own instance, so that nobody else can use up its number.
        if self.role == Role::Contact {
            count(Bound::Address, self.address_counter(app), daily);
        }
        let of_server = match budget {
            Budget::Login | Budget::Bearer => None,
            Budget::Reset => Some(settings.daily_resets),
            Budget::SignUp => Some(settings.daily_sign_ups),
        };
        if let Some(most) = of_server {
            count(Bound::Server, format!("{kind} server"), most.into());
            let Self {
                network,
                instance_id,
                ..
            } = self;
            count(
                Bound::Network,
                format!("{kind} network {network} instance {instance_id}"),
                CODES_OF_NETWORK,
            );
        }
        counters
    }

    /// The address itself is not to be read from a counter, nor to be guessed.
    fn address_counter(&self, app: &App) -> String {
        let channel = tan_channel(self.channel);
        let key = match Address::parse(channel, self.address) {
            Ok(address) => address.key(),
            Err(_) => self.address.to_owned(),
        };
        let message = format!("{channel} {key}");
        let hash = app
            .keyring
            .keyed_hash(Purpose::CodeCounter, message.as_bytes());
        let digest = data_encoding::HEXLOWER.encode(hash.digest());
        format!("{} address {digest}", self.budget.to_value())
    }
}

/// The counters of requests that strangers make: those in a network, and all of them.
pub(super) fn requests(app: &App, budget: Budget, network: &str) -> [Counted; 2] {
    let (limits, tan, kind) = (&app.settings.limits, &app.settings.tan, budget.to_value());
    let (of_network, of_server) = match budget {
        Budget::SignUp => (limits.sign_ups, tan.daily_sign_ups),
        Budget::Login | Budget::Bearer | Budget::Reset => (limits.resets, tan.daily_resets),
    };
    [
        Counted {
            name: format!("{kind} requests network {network}"),
            most: of_network.into(),
            bound: Bound::Network,
        },
        Counted {
            name: format!("{kind} requests server"),
            most: u64::from(of_server).saturating_mul(REQUESTS_PER_CODE),
            bound: Bound::Server,
        },
    ]
}

/// The counter of codes that were not sent for strangers in a network.
pub(super) fn failures_of_network(budget: Budget, network: &str) -> Counted {
    Counted {
        name: format!("{} failures network {network}", budget.to_value()),
        most: FAILURES_OF_NETWORK,
        bound: Bound::Network,
    }
}

/// The name under which the open challenges of an instance are counted one after the other.
pub(super) fn open_challenges(budget: Budget, instance_id: &str) -> String {
    format!("{} open {instance_id}", budget.to_value())
}

/// A password that was reset with codes gives back the numbers of codes that somebody else may have used up.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn clear_after_reset(
    transaction: &WriteTransaction,
    instance_serial: i64,
) -> Result<(), DatabaseError> {
    for budget in [Budget::Login, Budget::Bearer] {
        let name = code_counter::of_instance(budget, instance_serial);
        code_counter::clear(transaction, &name).await?;
    }
    Ok(())
}
