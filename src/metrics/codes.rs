//! What became of confirmation codes.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::tan::Channel;

/// The label of what was refused before a channel was chosen.
const NO_CHANNEL: &str = "none";

/// What became of a code, or of the attempt to use one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeOutcome {
    /// It was handed over for delivery.
    Sent,
    /// It could not be handed over, or it is not known whether it was.
    Undelivered,
    /// It was not made, because of a cap.
    Refused,
    /// The right one was given.
    Solved,
    /// A wrong one was given.
    Wrong,
}

impl CodeOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
            Self::Solved => "solved",
            Self::Wrong => "wrong",
        }
    }
}

/// Counts confirmation codes. Clones are cheap and count together.
#[derive(Clone, Debug, Default)]
pub struct CodeMetrics(Family<Code, Counter>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    channel: &'static str,
    outcome: &'static str,
}

impl CodeMetrics {
    /// Counts one code, with its channel where that was known.
    pub fn count(&self, channel: Option<Channel>, outcome: CodeOutcome) {
        let code = Code {
            channel: channel.map_or(NO_CHANNEL, Channel::as_str),
            outcome: outcome.as_str(),
        };
        self.0.get_or_create(&code).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("codes", "Confirmation codes", self.0.clone());
    }
}
