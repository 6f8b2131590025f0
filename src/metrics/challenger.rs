//! What the Challenger did, for all of its clients together: what each did, its row counts.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Why the Challenger refused somebody who was on the way, or a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A wrong code was given.
    WrongCode,
    /// The code allows no more guesses.
    NoAttempts,
    /// No more codes are sent to this address.
    NoTransmissions,
    /// No other address may be given.
    NoChanges,
    /// All of these are used up, so that the validation has failed.
    Failed,
    /// The credentials of a client are wrong.
    Client,
    /// An authorization code is wrong, was used, or has ended.
    Code,
    /// A client has as many validations open as it may.
    TooManyOpen,
}

impl Refusal {
    pub(super) const ALL: [Self; 8] = [
        Self::WrongCode,
        Self::NoAttempts,
        Self::NoTransmissions,
        Self::NoChanges,
        Self::Failed,
        Self::Client,
        Self::Code,
        Self::TooManyOpen,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::WrongCode => "wrong_code",
            Self::NoAttempts => "no_attempts",
            Self::NoTransmissions => "no_transmissions",
            Self::NoChanges => "no_changes",
            Self::Failed => "failed",
            Self::Client => "client",
            Self::Code => "code",
            Self::TooManyOpen => "too_many_open",
        }
    }
}

/// Counts what the Challenger does. Clones are cheap and count together.
#[derive(Clone, Debug, Default)]
pub struct ChallengerMetrics {
    setups: Counter,
    validations: Counter,
    tokens: Counter,
    refusals: Family<Refused, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: &'static str,
}

impl Refused {
    const fn new(refusal: Refusal) -> Self {
        Self {
            reason: refusal.as_str(),
        }
    }
}

impl ChallengerMetrics {
    /// A client set up a validation.
    pub fn setup(&self) {
        self.setups.inc();
    }

    /// Somebody proved an address.
    pub fn validated(&self) {
        self.validations.inc();
    }

    /// A client got a token for an authorization code.
    pub fn token(&self) {
        self.tokens.inc();
    }

    /// Somebody was refused.
    pub fn refused(&self, refusal: Refusal) {
        self.refusals.get_or_create(&Refused::new(refusal)).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let counters = [
            ("setups", "Validations that clients set up", &self.setups),
            (
                "validations",
                "Addresses that were proven",
                &self.validations,
            ),
            ("tokens", "Tokens that clients were given", &self.tokens),
        ];
        let registry = registry.sub_registry_with_prefix("challenger");
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        for refusal in Refusal::ALL {
            drop(self.refusals.get_or_create(&Refused::new(refusal)));
        }
        let help = "Whom the Challenger refused";
        registry.register("refusals", help, self.refusals.clone());
    }
}
