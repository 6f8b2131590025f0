//! `[challenger]`: the service that proves addresses, most of which clients read back at `/config`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{PublicUrl, duration};
use crate::challenger::address::AddressType;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The Challenger: it proves that people receive messages at an address, and tells that address to OAuth 2.0 clients.
/// Codes live and are sent as `tan` says.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Challenger {
    /// Whether `kontor serve` runs the Challenger.
    pub enabled: bool,
    /// Address and port to listen at, without TLS: put a reverse proxy in front of it.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Base URL under which people and clients reach this service. Not set: http and the address of `listen`.
    #[schemars(with = "Option<String>", example = &"https://addresses.example/")]
    pub public_url: Option<PublicUrl>,
    /// Kind of address that is proven: `email`, `phone`, `postal` or `postal-ch` (Switzerland). Codes are sent as
    /// `tan.email`, `tan.sms` or `tan.post` says, which must be set up.
    pub address_type: AddressType,
    /// Example of an address for the input box of clients. Not set: one that fits `address_type`.
    #[schemars(example = &"alice@example.org")]
    pub address_hint: Option<String>,
    /// What addresses must be like, for each field one section: `CONTACT_EMAIL` of an e-mail address, `CONTACT_PHONE` of a
    /// phone number, `CONTACT_NAME`, `ADDRESS_LINES` and `ADDRESS_COUNTRY` of a postal one. `postal-ch` has no country.
    #[schemars(extend("x-example-name" = "CONTACT_EMAIL"))]
    pub restrictions: BTreeMap<String, RestrictionSettings>,
    /// Country of phone numbers that are typed without `+` and the code of a country, two letters of ISO 3166-1. Not
    /// set: every number must begin with them.
    #[schemars(example = &"CH")]
    pub phone_country: Option<String>,
    /// Time that a person has to prove an address, from the client's first call on. It must be longer than the codes live:
    /// weeks for letters.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub validation_duration: Duration,
    /// Time that a client has to turn the authorization code, which comes with the person, into an access token.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub code_lifetime: Duration,
    /// Life of an access token, with which a client reads the address.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub token_lifetime: Duration,
    /// Time for which clients may take a proven address for valid. They are told; nothing is kept that long for it.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub address_validity: Duration,
    /// Addresses that a person may give in one validation, 1 to 100. One that the client gave along does not count.
    pub address_changes: u32,
    /// Codes that are sent to one address of a person, 1 to 100.
    pub transmissions: u32,
    /// Validations that one client may have open at the same time, at least 1: those count that are neither solved nor ended. More
    /// are refused with 429 and Retry-After, so that a secret that leaked cannot fill the disk.
    pub open_validations: u32,
    /// Folder with the terms of service, one file per language and format: `en.md`, `en.html`, `de.md` and so on.
    #[schemars(extend("format" = "path"), example = &"challenger-terms")]
    pub terms: Option<PathBuf>,
    /// Version of the terms. Change it exactly when people must accept them again.
    #[schemars(example = &"1")]
    pub terms_version: Option<String>,
    /// Folder with the privacy policy, laid out like `terms`.
    #[schemars(extend("format" = "path"), example = &"challenger-privacy")]
    pub privacy: Option<PathBuf>,
    /// Version of the privacy policy. Change it exactly when people must accept it again.
    #[schemars(example = &"1")]
    pub privacy_version: Option<String>,
}

/// What one field of an address must be like.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RestrictionSettings {
    /// Regular expression that must match the whole field, blanks around it left out.
    #[schemars(extend("examples" = [r"[^@]+@example\.org"]))]
    pub regex: Option<String>,
    /// What people are told where it does not match.
    #[schemars(example = &"Only addresses at example.org")]
    pub hint: Option<String>,
    /// The same in other languages.
    #[schemars(extend("examples" = [{"de": "Nur Adressen bei example.org"}]))]
    pub hint_i18n: Option<BTreeMap<String, String>>,
}

impl Default for Challenger {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: SocketAddr::from(([127, 0, 0, 1], 9967)),
            public_url: None,
            address_type: AddressType::Email,
            address_hint: None,
            restrictions: BTreeMap::new(),
            phone_country: None,
            validation_duration: HOUR,
            code_lifetime: 10 * MINUTE,
            token_lifetime: HOUR,
            address_validity: 365 * DAY,
            address_changes: 3,
            transmissions: 3,
            open_validations: 10_000,
            terms: None,
            terms_version: None,
            privacy: None,
            privacy_version: None,
        }
    }
}

impl Challenger {
    /// Base URL under which people and clients reach this service: the configured one, else that of the listen address.
    ///
    /// # Errors
    /// As [`PublicUrl::or_of_listener`].
    pub fn public_url(&self) -> Result<PublicUrl, String> {
        PublicUrl::or_of_listener(self.public_url.as_ref(), self.listen)
    }

    /// Example of an address: the configured one, else one that fits the type.
    #[must_use]
    pub fn address_hint(&self) -> &str {
        let hint = self.address_hint.as_deref();
        hint.unwrap_or(self.address_type.example())
    }
}
