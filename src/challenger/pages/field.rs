//! The fields of an address, as a person fills them in.

use super::texts::{FieldTexts, Texts};
use crate::tan::Channel;

/// What a field of an address holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// An e-mail address: `CONTACT_EMAIL`.
    Email,
    /// A phone number: `CONTACT_PHONE`.
    Phone,
    /// Who lives there: `CONTACT_NAME`.
    Name,
    /// The lines of a postal address below the name: `ADDRESS_LINES`.
    Lines,
    /// The country: `ADDRESS_COUNTRY`.
    Country,
}

impl FieldKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Email,
        Self::Phone,
        Self::Name,
        Self::Lines,
        Self::Country,
    ];

    /// The name in forms and addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "CONTACT_EMAIL",
            Self::Phone => "CONTACT_PHONE",
            Self::Name => "CONTACT_NAME",
            Self::Lines => "ADDRESS_LINES",
            Self::Country => "ADDRESS_COUNTRY",
        }
    }

    /// How messages travel to an address that has such a field.
    #[must_use]
    pub const fn channel(self) -> Channel {
        match self {
            Self::Email => Channel::Email,
            Self::Phone => Channel::Sms,
            Self::Name | Self::Lines | Self::Country => Channel::Post,
        }
    }

    pub(super) const fn texts(self, texts: &'static Texts) -> &'static FieldTexts {
        match self {
            Self::Email => &texts.email,
            Self::Phone => &texts.phone,
            Self::Name => &texts.name,
            Self::Lines => &texts.lines,
            Self::Country => &texts.country,
        }
    }
}

/// How messages travel to an address of these fields.
pub(super) fn channel(mut kinds: impl Iterator<Item = FieldKind>) -> Channel {
    kinds.next().map_or(Channel::Email, FieldKind::channel)
}

/// A field as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct AddressField<'a> {
    /// What it holds.
    pub kind: FieldKind,
    /// Its name in the form that is sent.
    pub name: &'a str,
    /// What it holds already.
    pub value: &'a str,
    /// Why this was not taken.
    pub problem: Option<FieldProblem<'a>>,
}

/// Why the content of a field was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldProblem<'a> {
    /// It is empty.
    Missing,
    /// It is not what the field holds.
    Malformed,
    /// The operator accepts no such address.
    Restricted {
        /// The operator's words about it, in the language of the page.
        hint: Option<&'a str>,
    },
    /// Whoever carries the messages knows that there is no such address.
    Unusable,
}

impl<'a> FieldProblem<'a> {
    pub(super) fn text(self, kind: FieldKind, texts: &'static Texts) -> &'a str {
        match self {
            Self::Missing => kind.texts(texts).missing,
            Self::Malformed => kind.texts(texts).malformed,
            Self::Restricted { hint } => hint.unwrap_or(texts.restricted),
            Self::Unusable => texts.unusable,
        }
    }
}
