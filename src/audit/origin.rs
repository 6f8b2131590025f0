//! Who does something, and from where.

use std::net::{IpAddr, Ipv4Addr};

use entity::audit_event::ActorKind;

use crate::{
    auth::ClientNetwork,
    http::{ClientAddress, RequestId},
};

/// Longest name of a user of the operating system that is kept, in characters.
const LONGEST_USER: usize = 64;

/// By what right something is done, or tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who proved the password of an instance.
    Password {
        /// The name of that instance.
        instance: String,
    },
    /// Somebody who proved the legacy secret of an instance.
    LegacySecret {
        /// The name of that instance.
        instance: String,
    },
    /// Somebody with an access token of an instance; for the operator's calls that is `admin`.
    Token {
        /// The name of that instance.
        instance: String,
        /// The number of the token.
        serial: i64,
    },
    /// Somebody who proved nothing but codes that were sent to the owner of an instance: a password reset or a sign-up.
    SecondFactor {
        /// The name of that instance.
        instance: String,
    },
    /// Somebody for whom whatever stands in front of the server vouches.
    External {
        /// The name of the instance that allows it.
        instance: String,
    },
    /// Somebody at the command line of the server.
    CommandLine {
        /// The user of the operating system, where it has a name for it.
        user: Option<String>,
    },
    /// Somebody who proved nothing.
    Anonymous,
}

impl Actor {
    pub(super) fn kind(&self) -> ActorKind {
        match self {
            Self::Password { .. } => ActorKind::Password,
            Self::LegacySecret { .. } => ActorKind::LegacySecret,
            Self::Token { .. } => ActorKind::Token,
            Self::SecondFactor { .. } => ActorKind::SecondFactor,
            Self::External { .. } => ActorKind::External,
            Self::CommandLine { .. } => ActorKind::CommandLine,
            Self::Anonymous => ActorKind::Anonymous,
        }
    }

    pub(super) fn instance(&self) -> Option<&str> {
        match self {
            Self::Password { instance }
            | Self::LegacySecret { instance }
            | Self::Token { instance, .. }
            | Self::SecondFactor { instance }
            | Self::External { instance } => Some(instance),
            Self::CommandLine { .. } | Self::Anonymous => None,
        }
    }

    pub(super) fn token_serial(&self) -> Option<i64> {
        match self {
            Self::Token { serial, .. } => Some(*serial),
            _ => None,
        }
    }

    pub(super) fn user(&self) -> Option<&str> {
        match self {
            Self::CommandLine { user } => user.as_deref(),
            _ => None,
        }
    }
}

/// Who does something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub(super) actor: Actor,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: Option<RequestId>,
}

impl Origin {
    /// A request over the network.
    #[must_use]
    pub fn of_request(actor: Actor, address: ClientAddress, request_id: &RequestId) -> Self {
        Self {
            actor,
            address: Some(address.0),
            request_id: Some(request_id.clone()),
        }
    }

    /// The command line, with the user that this process runs as.
    #[must_use]
    pub fn of_command_line() -> Self {
        let printable = |name: String| {
            let name = name.chars().filter(|character| !character.is_control());
            name.take(LONGEST_USER).collect()
        };
        Self {
            actor: Actor::CommandLine {
                // A user without a name is nothing that should keep a verb from its work.
                user: whoami::username().ok().map(printable),
            },
            address: None,
            request_id: None,
        }
    }

    /// Where it comes from, as limits on guessing see it. The command line counts as this machine.
    #[must_use]
    pub fn network(&self) -> ClientNetwork {
        ClientNetwork::from(self.address.unwrap_or(Ipv4Addr::LOCALHOST.into()))
    }

    /// The same request, now that more is known of who makes it: a login that was anonymous until its password was proven.
    #[must_use]
    pub fn with_actor(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }
}
