//! What is recorded: a closed vocabulary, whose fields have no room for a secret.

use entity::audit_event::Outcome;
use kontor_openapi::scalar::{HashCode, OtpAlgorithm};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::MaskedAddress;
use crate::{
    auth::TokenScope,
    tan::{Channel, DeliveryError, Purpose},
};

/// Something that happened to an instance, or to a client of the Challenger.
///
/// A field is a number, a word of this program or a [`MaskedAddress`]; there is no place for what a request brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// `login.granted`: a token was obtained with the password or a legacy secret (and the second factor, where there is one).
    LoginGranted {
        /// The number of the new token.
        token_serial: i64,
        /// What it may do.
        #[serde(serialize_with = "as_text")]
        scope: TokenScope,
    },
    /// `login.refused`: a password was looked at and is not that of the instance. Attempts that the login limit turns away before
    /// that are not recorded: they cost nothing, so that anyone could fill the table with them.
    LoginRefused {
        /// Why.
        reason: LoginRefusal,
    },
    /// `token.granted`: a token was made without a login, by the command line.
    TokenGranted {
        /// The number of the new token.
        token_serial: i64,
        /// What it may do.
        #[serde(serialize_with = "as_text")]
        scope: TokenScope,
    },
    /// `token.refreshed`: a token was obtained with another one, which is the actor.
    TokenRefreshed {
        /// The number of the new token.
        token_serial: i64,
        /// What it may do.
        #[serde(serialize_with = "as_text")]
        scope: TokenScope,
    },
    /// `token.revoked`: a token was ended; where that is the actor itself, somebody logged out.
    TokenRevoked {
        /// The number of the ended token.
        token_serial: i64,
    },
    /// `instance.created`.
    InstanceCreated {
        /// Whether its owner did it, not the operator.
        self_provisioned: bool,
    },
    /// `instance.changed`: its settings were written anew. A change of contacts is an event of its own besides.
    InstanceChanged,
    /// `instance.disabled`: its signing key was destroyed and its tokens ended.
    InstanceDisabled,
    /// `instance.purged`: everything of it was removed, except what is recorded here.
    InstancePurged,
    /// `credentials.changed`: password or form of authentication.
    CredentialsChanged {
        /// On whose behalf.
        by: CredentialChange,
        /// What they are now.
        form: CredentialForm,
        /// Whether all tokens of the instance ended with it.
        tokens_ended: bool,
    },
    /// `challenge.sent`: a code was handed over for delivery.
    ChallengeSent {
        /// What the code is for.
        purpose: Purpose,
        /// On which channel.
        channel: Channel,
        /// To whom.
        address: MaskedAddress,
    },
    /// `challenge.undelivered`: a code could not be handed over, or it is not known whether it was.
    ChallengeUndelivered {
        /// What the code was for.
        purpose: Purpose,
        /// On which channel.
        channel: Channel,
        /// To whom.
        address: MaskedAddress,
        /// Why not.
        reason: DeliveryError,
    },
    /// `challenge.solved`: the right code was given.
    ChallengeSolved {
        /// What the code is for.
        purpose: Purpose,
        /// On which channel it came.
        channel: Channel,
        /// To whom it was sent.
        address: MaskedAddress,
    },
    /// `challenge.failed`: a wrong code was given.
    ChallengeFailed {
        /// What the code is for.
        purpose: Purpose,
        /// On which channel it came.
        channel: Channel,
        /// How many guesses are left; 0: this was the last one.
        guesses_left: u32,
    },
    /// `challenge.refused`: a code was not sent, or a challenge not made, because a cap was reached.
    ChallengeRefused {
        /// What the code would be for.
        purpose: Purpose,
        /// On which channel it would be sent, where that was known.
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<Channel>,
        /// Which cap.
        cap: Cap,
    },
    /// `contact.changed`: the e-mail address or phone number of the instance was changed. It is not a factor by that.
    ContactChanged {
        /// Which of the two.
        channel: Channel,
        /// The new one; `None`: there is none any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<MaskedAddress>,
    },
    /// `factor.added`: codes are sent to this address from now on.
    FactorAdded {
        /// On which channel.
        channel: Channel,
        /// The address.
        address: MaskedAddress,
    },
    /// `factor.moved`: codes are sent to another address of the same channel from now on.
    FactorMoved {
        /// On which channel.
        channel: Channel,
        /// The address until now.
        from: MaskedAddress,
        /// The new address.
        address: MaskedAddress,
    },
    /// `factor.dropped`: codes are no longer sent to this address.
    FactorDropped {
        /// On which channel.
        channel: Channel,
        /// The address.
        address: MaskedAddress,
    },
    /// `factor.cleared`: the command line took all factors from the instance.
    FactorCleared,
    /// `account.added`: the instance can be paid to a bank account.
    AccountAdded {
        /// The wire hash of the account.
        h_wire: HashCode,
        /// Whether it had been deactivated before.
        reactivated: bool,
    },
    /// `account.changed`: the facade, its credentials or the metadata of a bank account were written anew.
    AccountChanged {
        /// The wire hash of the account.
        h_wire: HashCode,
    },
    /// `account.deactivated`: the instance is no longer paid to a bank account.
    AccountDeactivated {
        /// The wire hash of the account.
        h_wire: HashCode,
    },
    /// `otp-device.created`: a device was registered.
    OtpDeviceCreated {
        /// The number of the device.
        device_serial: i64,
        /// What its codes depend on.
        #[serde(serialize_with = "as_name")]
        algorithm: OtpAlgorithm,
    },
    /// `otp-device.changed`: its values were written anew.
    OtpDeviceChanged {
        /// The number of the device.
        device_serial: i64,
        /// What its codes depend on now.
        #[serde(serialize_with = "as_name")]
        algorithm: OtpAlgorithm,
        /// Whether its key was written anew too.
        key_replaced: bool,
    },
    /// `otp-device.deleted`: it was removed with its key.
    OtpDeviceDeleted {
        /// The number of the device.
        device_serial: i64,
    },
    /// `client.registered`: the Challenger has a client more.
    ClientRegistered {
        /// Its id.
        client: i64,
    },
    /// `client.secret-replaced`: the client proves itself with another secret from now on.
    ClientSecretReplaced {
        /// Its id.
        client: i64,
    },
    /// `client.deleted`: the client was removed with all that it had set up.
    ClientDeleted {
        /// Its id.
        client: i64,
    },
}

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginRefusal {
    /// The password, or the legacy secret, is wrong.
    WrongPassword,
}

/// On whose behalf credentials change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialChange {
    /// The owner's, who was logged in.
    Owner,
    /// The operator's: through the management interface or the command line.
    Operator,
    /// The owner's, who had forgotten the password.
    Reset,
}

/// What credentials are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialForm {
    /// A password.
    Password,
    /// A secret that is password and bearer in one.
    LegacySecret,
    /// None that this server checks.
    External,
}

/// What bounds the codes that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cap {
    /// Too soon after the last code of this challenge.
    Retransmission,
    /// Too many codes in a day, for this account and purpose.
    Account,
    /// Too many codes in a day, for this address and purpose.
    Address,
    /// Too many codes or requests in a day, for this client network.
    Network,
    /// Too many codes in a day, for this purpose on the whole server.
    Server,
    /// Too many codes of one challenge that could not be sent.
    Failures,
    /// Too many open challenges.
    OpenChallenges,
}

impl Event {
    /// The names of all events, in the order of their documentation.
    pub const NAMES: [&'static str; 29] = [
        "login.granted",
        "login.refused",
        "token.granted",
        "token.refreshed",
        "token.revoked",
        "instance.created",
        "instance.changed",
        "instance.disabled",
        "instance.purged",
        "credentials.changed",
        "challenge.sent",
        "challenge.undelivered",
        "challenge.solved",
        "challenge.failed",
        "challenge.refused",
        "contact.changed",
        "factor.added",
        "factor.moved",
        "factor.dropped",
        "factor.cleared",
        "account.added",
        "account.changed",
        "account.deactivated",
        "otp-device.created",
        "otp-device.changed",
        "otp-device.deleted",
        "client.registered",
        "client.secret-replaced",
        "client.deleted",
    ];

    /// The name, which never changes its meaning.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LoginGranted { .. } => "login.granted",
            Self::LoginRefused { .. } => "login.refused",
            Self::TokenGranted { .. } => "token.granted",
            Self::TokenRefreshed { .. } => "token.refreshed",
            Self::TokenRevoked { .. } => "token.revoked",
            Self::InstanceCreated { .. } => "instance.created",
            Self::InstanceChanged => "instance.changed",
            Self::InstanceDisabled => "instance.disabled",
            Self::InstancePurged => "instance.purged",
            Self::CredentialsChanged { .. } => "credentials.changed",
            Self::ChallengeSent { .. } => "challenge.sent",
            Self::ChallengeUndelivered { .. } => "challenge.undelivered",
            Self::ChallengeSolved { .. } => "challenge.solved",
            Self::ChallengeFailed { .. } => "challenge.failed",
            Self::ChallengeRefused { .. } => "challenge.refused",
            Self::ContactChanged { .. } => "contact.changed",
            Self::FactorAdded { .. } => "factor.added",
            Self::FactorMoved { .. } => "factor.moved",
            Self::FactorDropped { .. } => "factor.dropped",
            Self::FactorCleared => "factor.cleared",
            Self::AccountAdded { .. } => "account.added",
            Self::AccountChanged { .. } => "account.changed",
            Self::AccountDeactivated { .. } => "account.deactivated",
            Self::OtpDeviceCreated { .. } => "otp-device.created",
            Self::OtpDeviceChanged { .. } => "otp-device.changed",
            Self::OtpDeviceDeleted { .. } => "otp-device.deleted",
            Self::ClientRegistered { .. } => "client.registered",
            Self::ClientSecretReplaced { .. } => "client.secret-replaced",
            Self::ClientDeleted { .. } => "client.deleted",
        }
    }

    /// Whether something was done, or was refused or failed. Strangers can cause any number of the latter.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::LoginRefused { .. }
            | Self::ChallengeUndelivered { .. }
            | Self::ChallengeFailed { .. }
            | Self::ChallengeRefused { .. } => Outcome::Refused,
            _ => Outcome::Ok,
        }
    }

    /// The fields as a JSON object.
    #[must_use]
    pub fn detail(&self) -> Map<String, Value> {
        // Names, numbers and words: that cannot fail.
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }
}

fn as_name<S: Serializer>(algorithm: &OtpAlgorithm, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(algorithm.name())
}

fn as_text<S: Serializer>(scope: &TokenScope, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(scope)
}
