//! What one person is to be told.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::address::Address;
use super::channel::Channel;
use super::code::Tan;

/// What a code is for, as its reader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Logging in.
    LogIn,
    /// Changing the password or how one logs in.
    ChangeCredentials,
    /// Deleting an instance.
    DeleteInstance,
    /// Adding a bank account that money is sent to.
    AddAccount,
    /// Opening an account.
    SignUp,
    /// Setting a new password without the old one.
    ResetPassword,
    /// Proving that one reads what is sent to an address.
    ConfirmContact,
    /// Having codes sent to another address, or none any more. Its code goes to the address that has them now.
    ChangeFactor,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::LogIn,
        Self::ChangeCredentials,
        Self::DeleteInstance,
        Self::AddAccount,
        Self::SignUp,
        Self::ResetPassword,
        Self::ConfirmContact,
        Self::ChangeFactor,
    ];

    /// Whether anybody can have such a code sent, without having proven anything.
    #[must_use]
    pub const fn is_open_to_strangers(self) -> bool {
        matches!(self, Self::SignUp | Self::ResetPassword)
    }

    /// The name in templates, in the environment of helpers and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::ChangeCredentials => "change-credentials",
            Self::DeleteInstance => "delete-instance",
            Self::AddAccount => "add-account",
            Self::SignUp => "sign-up",
            Self::ResetPassword => "reset-password",
            Self::ConfirmContact => "confirm-contact",
            Self::ChangeFactor => "change-factor",
        }
    }
}

impl Serialize for Purpose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a message is about: who asks for a code, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Something that is done with a shop.
    Shop {
        /// What the code is for.
        purpose: Purpose,
        /// The id of the shop. Strangers may have chosen it: what is not plain text is taken out.
        instance: String,
    },
    /// Proving that one receives messages at an address, for whoever wants to know it.
    Address {
        /// What the page that asks for the code shows too, such as `ABCD-EFGH`, so that people see what belongs together.
        reference: String,
    },
}

impl About {
    /// The name of the proof of an address where shops have that of a [`Purpose`].
    pub const VALIDATE_ADDRESS: &'static str = "validate-address";

    /// What the code is for, as helpers and the log are told.
    #[must_use]
    pub const fn purpose(&self) -> &'static str {
        match self {
            Self::Shop { purpose, .. } => purpose.as_str(),
            Self::Address { .. } => Self::VALIDATE_ADDRESS,
        }
    }

    /// The shop, if it is about one.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::Shop { instance, .. } => Some(instance),
            Self::Address { .. } => None,
        }
    }

    /// What the page shows too, if it is about an address.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Shop { .. } => None,
            Self::Address { reference } => Some(reference),
        }
    }

    /// Whether anybody can have such a code sent, without having proven anything.
    #[must_use]
    pub const fn is_open_to_strangers(&self) -> bool {
        match self {
            Self::Shop { purpose, .. } => purpose.is_open_to_strangers(),
            Self::Address { .. } => true,
        }
    }
}

/// A code on its way to its reader.
#[derive(Clone, Debug)]
pub struct Message {
    /// How it travels.
    pub channel: Channel,
    /// Where to; an address of that channel.
    pub address: Address,
    /// The code.
    pub tan: Tan,
    /// What it is about.
    pub about: About,
    /// The server that it is at, such as the host of its public URL, for readers who have to do with more than one.
    pub service: String,
    /// How long the code can be used.
    pub valid_for: Duration,
    /// The Accept-Language header of whoever asked for it.
    pub languages: Option<String>,
}
