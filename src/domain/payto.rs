//! Payto URIs (RFC 8905): where money is to be sent.
//!
//! `payto://TYPE/TARGET?OPTIONS`. What a target looks like depends on the type: one module below for each kind that is checked.

mod bitcoin;
mod cyclos;
mod error;
mod ethereum;
mod host;
mod iban;
mod iban_registry;
mod options;
mod taler_bank;

pub use error::PaytoError;

use super::hash::short_hash_text;

const SCHEME: &str = "payto://";

/// A payto URI that follows the rules of its type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Payto {
    text: String,
    kind: Kind,
    target_type: String,
    target: String,
    options: String,
}

/// What is known of a target type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Iban,
    TalerBank,
    Bitcoin,
    Ethereum,
    Cyclos,
    /// The case of letters has no meaning: `upi`, `ilp`.
    CaseInsensitive,
    Other,
}

/// The text between scheme, slash and question mark.
struct Parts<'a> {
    target_type: &'a str,
    target: &'a str,
    options: &'a str,
}

impl Payto {
    /// The longest URI in bytes. The longest names and addresses of banks fit in some hundred, percent-encoded too; and PostgreSQL indexes up to 2704.
    pub const MAX_LENGTH: usize = 2048;

    /// Reads the full payto URI of a merchant's account: types `iban` and `x-taler-bank` must name the receiver.
    ///
    /// # Errors
    /// See [`PaytoError`].
    pub fn parse(text: &str) -> Result<Self, PaytoError> {
        let payto = Self::parse_any(text)?;
        let name = options::receiver_name(&payto.options)?;
        match payto.kind {
            Kind::Iban | Kind::TalerBank if name.is_none() => Err(PaytoError::ReceiverNameMissing),
            _ => Ok(payto),
        }
    }

    /// Reads the payto URI of somebody else's account, such as an exchange's, which may leave the options out.
    ///
    /// # Errors
    /// See [`PaytoError`].
    pub fn parse_any(text: &str) -> Result<Self, PaytoError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(PaytoError::TooLong);
        }
        if !text.bytes().all(is_allowed) {
            return Err(PaytoError::Character);
        }
        let parts = Parts::of(text)?;
        let target_type = parts.target_type.to_ascii_lowercase();
        let kind = Kind::of(&target_type);
        kind.check(parts.target)?;
        Ok(Self {
            text: text.to_owned(),
            kind,
            target_type,
            target: parts.target.to_owned(),
            options: parts.options.to_owned(),
        })
    }

    /// The URI, exactly as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The type of the target, such as `iban`, in lower case.
    #[must_use]
    pub fn target_type(&self) -> &str {
        &self.target_type
    }

    /// The one spelling that all URIs of this account share: without options, without BIC, and in the case that its type prescribes. Types of which
    /// nothing is known keep theirs.
    #[must_use]
    pub fn normalized(&self) -> String {
        let target = self.target.as_str();
        match self.kind {
            Kind::Iban => format!("{SCHEME}iban/{}", iban::without_bic(target)),
            Kind::TalerBank => format!("{SCHEME}x-taler-bank/{}", taler_bank::normalized(target)),
            Kind::Bitcoin => format!("{SCHEME}bitcoin/{target}"),
            Kind::CaseInsensitive => self.without_options().to_ascii_lowercase(),
            Kind::Ethereum | Kind::Cyclos | Kind::Other => self.without_options().to_owned(),
        }
    }

    /// The hash of the URI as it was given, by which exchanges name an account in signatures.
    #[must_use]
    pub fn full_hash(&self) -> [u8; 32] {
        short_hash_text(&self.text)
    }

    /// The hash of the normalized URI, by which exchanges name an account in questions of identity.
    #[must_use]
    pub fn normalized_hash(&self) -> [u8; 32] {
        short_hash_text(&self.normalized())
    }

    /// Who holds the account, as the option `receiver-name` says, decoded. Nothing where it is not said, or not in UTF-8.
    #[must_use]
    pub fn receiver_name(&self) -> Option<String> {
        options::receiver_name(&self.options).ok()?
    }

    fn without_options(&self) -> &str {
        self.text
            .split_once('?')
            .map_or(&self.text, |(account, _)| account)
    }
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, PaytoError> {
        let (scheme, rest) = text
            .split_at_checked(SCHEME.len())
            .ok_or(PaytoError::Scheme)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(PaytoError::Scheme);
        }
        let (account, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (target_type, target) = account.split_once('/').ok_or(PaytoError::TargetType)?;
        if !is_target_type(target_type) {
            return Err(PaytoError::TargetType);
        }
        Ok(Self {
            target_type,
            target,
            options,
        })
    }
}

impl Kind {
    fn of(target_type: &str) -> Self {
        match target_type {
            "iban" => Self::Iban,
            "x-taler-bank" => Self::TalerBank,
            "bitcoin" => Self::Bitcoin,
            "eth" | "ethereum" => Self::Ethereum,
            "cyclos" => Self::Cyclos,
            "upi" | "ilp" => Self::CaseInsensitive,
            _ => Self::Other,
        }
    }

    fn check(self, target: &str) -> Result<(), PaytoError> {
        match self {
            _ if target.is_empty() => Err(PaytoError::Target),
            Self::Iban => iban::check(target),
            Self::TalerBank => taler_bank::check(target),
            Self::Bitcoin => bitcoin::check(target),
            Self::Ethereum => ethereum::check(target),
            Self::Cyclos => cyclos::check(target),
            Self::CaseInsensitive | Self::Other => Ok(()),
        }
    }
}

/// The characters that exchanges take; all others are percent-encoded.
fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/:$&?!-_.,;=*+%~@()[]".contains(&byte)
}

/// A letter, then letters, digits, `-` and `.` (RFC 8905, section 2).
fn is_target_type(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

#[cfg(test)]
mod tests;
