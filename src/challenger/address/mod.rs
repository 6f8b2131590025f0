//! Addresses of people: which fields each type has, what the operator allows in them, and the one spelling that an address
//! is compared, sent and handed out in.
//!
//! [`Rules::read`] makes a [`PlainAddress`] of what somebody typed, or says which field is wrong.

mod normal;
mod plain;
mod restriction;
mod rules;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tan::Channel;

pub use plain::{NotPlain, PlainAddress};
pub use restriction::{Restriction, Restrictions};
pub use rules::{AddressError, Rules, UnusableRule};

/// Kind of address that a Challenger proves: one for the whole service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AddressType {
    /// An e-mail address.
    Email,
    /// A phone number that receives text messages.
    Phone,
    /// A postal address with its country.
    Postal,
    /// A postal address in Switzerland.
    PostalCh,
}

impl AddressType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Email, Self::Phone, Self::Postal, Self::PostalCh];

    /// The name on the wire and in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Postal => "postal",
            Self::PostalCh => "postal-ch",
        }
    }

    /// The fields that such an address has, in the order in which people are asked for them. None may be missing.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Email => &[Field::ContactEmail],
            Self::Phone => &[Field::ContactPhone],
            Self::Postal => &[
                Field::ContactName,
                Field::AddressLines,
                Field::AddressCountry,
            ],
            Self::PostalCh => &[Field::ContactName, Field::AddressLines],
        }
    }

    /// How a code reaches such an address.
    #[must_use]
    pub const fn channel(self) -> Channel {
        match self {
            Self::Email => Channel::Email,
            Self::Phone => Channel::Sms,
            Self::Postal | Self::PostalCh => Channel::Post,
        }
    }

    /// An address of this type for people to see how one looks; it belongs to nobody.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Email => "alice@example.org",
            // One of the numbers that North America keeps free for films and books.
            Self::Phone => "+1 202 555 0123",
            Self::Postal => "Alice Example, 1 Sample Street, 12345 Sampletown, DE",
            Self::PostalCh => "Alice Muster, Musterstrasse 1, 3000 Bern",
        }
    }
}

impl fmt::Display for AddressType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A name that no type of address has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a type of address is \"email\", \"phone\", \"postal\" or \"postal-ch\"")]
pub struct UnknownAddressType;

impl FromStr for AddressType {
    type Err = UnknownAddressType;

    fn from_str(text: &str) -> Result<Self, UnknownAddressType> {
        let mut all = Self::ALL.into_iter();
        all.find(|address_type| address_type.as_str() == text)
            .ok_or(UnknownAddressType)
    }
}

/// A part of an address, named as in the registry of form attributes that the GNU Taler programs share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The e-mail address.
    ContactEmail,
    /// The phone number.
    ContactPhone,
    /// The name of the person or firm, as it stands on a letter.
    ContactName,
    /// Street, number, code and town: the lines between name and country, separated by line feeds.
    AddressLines,
    /// The country: two letters of ISO 3166-1, or its name.
    AddressCountry,
}

impl Field {
    /// Every field, in the order in which people are asked for them.
    pub const ALL: [Self; 5] = [
        Self::ContactEmail,
        Self::ContactPhone,
        Self::ContactName,
        Self::AddressLines,
        Self::AddressCountry,
    ];

    /// The name on the wire, in forms and in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContactEmail => "CONTACT_EMAIL",
            Self::ContactPhone => "CONTACT_PHONE",
            Self::ContactName => "CONTACT_NAME",
            Self::AddressLines => "ADDRESS_LINES",
            Self::AddressCountry => "ADDRESS_COUNTRY",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A name that no field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no field of an address")]
pub struct UnknownField;

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, UnknownField> {
        let mut all = Self::ALL.into_iter();
        all.find(|field| field.as_str() == text).ok_or(UnknownField)
    }
}

#[cfg(test)]
mod tests;
