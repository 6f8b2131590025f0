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
    pub(super) const ALL: [Self; 5] = [
        Self::Sent,
        Self::Undelivered,
        Self::Refused,
        Self::Solved,
        Self::Wrong,
    ];

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

impl Code {
    fn new(channel: Option<Channel>, outcome: CodeOutcome) -> Self {
        Self {
            channel: channel.map_or(NO_CHANNEL, Channel::as_str),
            outcome: outcome.as_str(),
        }
    }
}

impl CodeMetrics {
    /// Counts one code, with its channel where that was known.
    pub fn count(&self, channel: Option<Channel>, outcome: CodeOutcome) {
        self.0.get_or_create(&Code::new(channel, outcome)).inc();
    }

    /// All are there from the start: what grows from nothing to one is seen to grow only where it was zero before.
    pub(super) fn register(&self, registry: &mut Registry) {
        for outcome in CodeOutcome::ALL {
            for channel in Channel::ALL {
                drop(self.0.get_or_create(&Code::new(Some(channel), outcome)));
            }
        }
        let unchosen = Code::new(None, CodeOutcome::Refused);
        drop(self.0.get_or_create(&unchosen));
        registry.register("codes", "Confirmation codes", self.0.clone());
    }
}
