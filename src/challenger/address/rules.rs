//! From what somebody typed to an address: what a Challenger takes, by its configuration.

use rlibphonenumber::Region;

use super::normal::{self, Malformed};
use super::{AddressType, Field, PlainAddress, Restriction, Restrictions};
use crate::config;
use crate::tan::{self, Channel};

/// What addresses a Challenger takes.
#[derive(Clone, Debug)]
pub struct Rules {
    address_type: AddressType,
    restrictions: Restrictions,
    phone_country: Option<Region>,
    letters_are_printed: bool,
}

/// A setting of `[challenger]` that no rule can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key:?}: {reason}")]
pub struct UnusableRule {
    /// The key, such as `challenger.restrictions.CONTACT_EMAIL.regex`.
    pub key: String,
    /// What is wrong with it, in one sentence.
    pub reason: String,
}

/// Why something is no address that this service takes. It does not repeat what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The field is not there, or blank.
    #[error("{0} is missing")]
    Missing(Field),
    /// What the field holds is of another form. The text goes on after the name of the field.
    #[error("{0} {1}")]
    Malformed(Field, &'static str),
    /// The operator's restriction of this field does not allow it.
    #[error("{0} is not allowed by the restriction of this service")]
    Restricted(Field),
}

impl Rules {
    /// Reads and compiles what `[challenger]` says of addresses.
    ///
    /// # Errors
    /// The first key that cannot be used.
    pub fn new(settings: &config::Challenger) -> Result<Self, UnusableRule> {
        let restrictions = settings
            .restrictions
            .iter()
            .map(|(name, set)| restriction(settings.address_type, name, set))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            address_type: settings.address_type,
            restrictions,
            phone_country: phone_country(settings)?,
            letters_are_printed: false,
        })
    }

    /// The same rules where letters are sent like this: what is printed as a PDF can be written in the scripts of Europe only.
    #[must_use]
    pub fn with_letters(self, post: &config::PostDelivery) -> Self {
        Self {
            letters_are_printed: post.format == config::LetterFormat::Pdf,
            ..self
        }
    }

    /// The type of address that is proven here.
    #[must_use]
    pub fn address_type(&self) -> AddressType {
        self.address_type
    }

    /// What the operator allows.
    #[must_use]
    pub fn restrictions(&self) -> &Restrictions {
        &self.restrictions
    }

    /// Reads an address, field by field: each is trimmed, held against its restriction as it was typed, and normalised.
    ///
    /// - E-mail: as [`crate::tan::Address`] has it, the host in lower case.
    /// - Phone: E.164, `+` and digits; a number that exists by the plans of its country, and that is a person's. Without the code
    ///   of a country only where the settings name the country.
    /// - Name: one line. Lines: 1 to 8 of them, blank ones left out. Country: two letters of ISO 3166-1 in upper case, or a name.
    ///   Blanks in a row become one.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read<'a>(
        &self,
        given: impl Fn(Field) -> Option<&'a str>,
    ) -> Result<PlainAddress, AddressError> {
        let mut read = Vec::new();
        for field in self.address_type.fields() {
            read.push((*field, self.read_field(*field, given(*field))?));
        }
        let address = PlainAddress::new(read);
        // Each part is short enough, but all of them together may be too long to be sent.
        match address.tan_address() {
            Ok(_) => Ok(address),
            Err(_) => Err(AddressError::Malformed(
                Field::AddressLines,
                "is longer than an address can be",
            )),
        }
    }

    fn read_field(&self, field: Field, given: Option<&str>) -> Result<String, AddressError> {
        // A form separates lines by carriage return and line feed, and so do some clients; a restriction knows line feeds.
        let given = given.unwrap_or_default().replace("\r\n", "\n");
        let typed = given.trim();
        if typed.is_empty() {
            return Err(AddressError::Missing(field));
        }
        let restriction = self.restrictions.get(field);
        if restriction.is_some_and(|restriction| !restriction.allows(typed)) {
            return Err(AddressError::Restricted(field));
        }
        let is_on_letter = self.address_type.channel() == Channel::Post;
        if is_on_letter && self.letters_are_printed && !tan::is_printable(typed) {
            return Err(AddressError::Malformed(
                field,
                "has letters that cannot be printed; write it in Latin ones",
            ));
        }
        let normal = match field {
            Field::ContactEmail => normal::email(typed),
            Field::ContactPhone => normal::phone(typed, self.phone_country),
            Field::ContactName => normal::name(typed),
            Field::AddressLines => normal::lines(typed),
            Field::AddressCountry => normal::country(typed),
        };
        normal.map_err(|Malformed(reason)| AddressError::Malformed(field, reason))
    }

    /// What people are told of a field's restriction, in a language given as a BCP 47 tag, else in the operator's own.
    #[must_use]
    pub fn hint(&self, field: Field, language: &str) -> Option<&str> {
        self.restrictions.get(field)?.hint_in(language)
    }
}

fn restriction(
    address_type: AddressType,
    name: &str,
    set: &config::RestrictionSettings,
) -> Result<(Field, Restriction), UnusableRule> {
    let section = format!("challenger.restrictions.{name}");
    let fields = address_type.fields();
    let Some(field) = fields.iter().find(|field| field.as_str() == name) else {
        let names: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
        return Err(UnusableRule {
            key: section,
            reason: format!(
                "is no field of the address type {:?}, which has {}",
                address_type.as_str(),
                names.join(", ")
            ),
        });
    };
    let Some(regex) = &set.regex else {
        return Err(UnusableRule {
            key: section,
            reason: "needs \"regex\": without it, nothing is restricted".to_owned(),
        });
    };
    let hint_i18n = set.hint_i18n.clone().unwrap_or_default();
    let made = Restriction::new(regex, set.hint.as_deref(), hint_i18n);
    made.map(|made| (*field, made))
        .map_err(|(key, reason)| UnusableRule {
            key: format!("{section}.{key}"),
            reason,
        })
}

fn phone_country(settings: &config::Challenger) -> Result<Option<Region>, UnusableRule> {
    let Some(code) = &settings.phone_country else {
        return Ok(None);
    };
    let wrong = |reason: String| UnusableRule {
        key: "challenger.phone_country".to_owned(),
        reason,
    };
    if settings.address_type != AddressType::Phone {
        return Err(wrong(
            "is of no use without address_type = \"phone\"".to_owned(),
        ));
    }
    normal::region(code).map(Some).ok_or_else(|| {
        wrong(format!(
            "{code:?} is no country with phone numbers; write for example \"CH\""
        ))
    })
}
