//! An address in its one spelling.

use std::fmt;

use serde_json::{Map, Value};

use super::{AddressType, Field};
use crate::tan::{self, Channel, UnusableAddress};

/// A complete address in its one spelling: that of [`super::Rules::read`]. Two of them are equal where they mean the same
/// address. Debug shows its hint alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainAddress(Vec<(Field, String)>);

/// A JSON value that no [`PlainAddress::to_json`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no address as it is stored")]
pub struct NotPlain;

impl PlainAddress {
    /// The fields of one address type, in their order, each normalised.
    pub(super) fn new(fields: Vec<(Field, String)>) -> Self {
        Self(fields)
    }

    /// What the field holds, where addresses of this type have it.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        let mut all = self.iter();
        all.find(|(known, _)| *known == field).map(|(_, text)| text)
    }

    /// Every field, in the order in which people are asked for them.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, text)| (*field, text.as_str()))
    }

    /// The address as clients get it: an object of strings, the fields by their names on the wire.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let fields = self.iter();
        Value::Object(
            fields
                .map(|(field, text)| (field.as_str().to_owned(), Value::from(text)))
                .collect(),
        )
    }

    /// Reads what [`Self::to_json`] made. It is not normalised again.
    ///
    /// # Errors
    /// Anything but an object with the fields of one address type, all of them text.
    pub fn from_json(value: &Value) -> Result<Self, NotPlain> {
        let object = value.as_object().ok_or(NotPlain)?;
        let mut types = AddressType::ALL.into_iter();
        let address_type = types
            .find(|address_type| has_fields(object, *address_type))
            .ok_or(NotPlain)?;
        let read = |field: &Field| Some((*field, object[field.as_str()].as_str()?.to_owned()));
        let fields: Option<_> = address_type.fields().iter().map(read).collect();
        fields.map(Self).ok_or(NotPlain)
    }

    /// One spelling for all spellings of an address, to count by. Of a postal one the letters and digits of its lines: whose
    /// name stands above them makes no other letter box.
    ///
    /// # Errors
    /// As [`Self::tan_address`].
    pub fn key(&self) -> Result<String, UnusableAddress> {
        match self.get(Field::AddressLines) {
            None => self.tan_address().map(|address| address.key()),
            Some(lines) => {
                let kept = lines
                    .chars()
                    .filter(|character| character.is_alphanumeric());
                Ok(kept.flat_map(char::to_lowercase).collect())
            }
        }
    }

    /// Where a code is sent to: the e-mail address, the phone number, or name, lines and country of a letter.
    ///
    /// # Errors
    /// An address that cannot be written to. None of [`super::Rules::read`] is.
    pub fn tan_address(&self) -> Result<tan::Address, UnusableAddress> {
        let (channel, text) = match self.0.first() {
            Some((Field::ContactEmail, email)) => (Channel::Email, email.clone()),
            Some((Field::ContactPhone, number)) => (Channel::Sms, number.clone()),
            _ => {
                let parts: Vec<&str> = self.iter().map(|(_, text)| text).collect();
                (Channel::Post, parts.join("\n"))
            }
        };
        tan::Address::parse(channel, &text)
    }
}

fn has_fields(object: &Map<String, Value>, address_type: AddressType) -> bool {
    let fields = address_type.fields();
    object.len() == fields.len()
        && fields
            .iter()
            .all(|field| object.contains_key(field.as_str()))
}

impl fmt::Debug for PlainAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tan_address() {
            Ok(address) => write!(formatter, "Plain{address:?}"),
            Err(_) => formatter.write_str("PlainAddress(***)"),
        }
    }
}
