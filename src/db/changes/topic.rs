//! What may change.

use std::fmt;

/// Something that requests wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// What the exchanges of the configuration say of themselves.
    Exchanges,
    /// The KYC status of an instance's bank accounts.
    Kyc {
        /// The instance.
        instance_serial: i64,
    },
    /// The accounts that exchanges are to be asked about.
    KycChecks,
}

impl Topic {
    /// Reads what [`Display`](fmt::Display) wrote. `None` for a topic of another version of this program.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            None if text == "exchanges" => Some(Self::Exchanges),
            None if text == "kyc-checks" => Some(Self::KycChecks),
            Some(("kyc", instance_serial)) => Some(Self::Kyc {
                instance_serial: instance_serial.parse().ok()?,
            }),
            _ => None,
        }
    }
}

/// The form in which one process names it to another: at most 30 bytes without a space.
impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchanges => formatter.write_str("exchanges"),
            Self::KycChecks => formatter.write_str("kyc-checks"),
            Self::Kyc { instance_serial } => write!(formatter, "kyc.{instance_serial}"),
        }
    }
}
