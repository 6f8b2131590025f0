//! `[merchant]`: the merchant backend, most of which clients read back at `/config`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::currency::{Currency, CurrencyOverride};
use super::exchanges::Exchange;
use super::values::{Lifetime, Pattern, PublicUrl, duration};

const DAY: Duration = Duration::from_secs(86_400);

/// The merchant backend.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Merchant {
    /// Whether `kontor serve` runs the merchant backend.
    pub enabled: bool,
    /// Address and port to listen at, without TLS: put a reverse proxy in front of it.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Base URL under which clients reach this server. Not set: http and the address of `listen`.
    #[schemars(with = "Option<String>", example = &"https://shop.example/")]
    pub public_url: Option<PublicUrl>,
    /// Currency that instances use unless they ask for another one.
    pub currency: String,
    /// Currencies that can be used beside `currency`, and how clients show them. Usual currencies need no key here
    /// but the empty section itself.
    #[schemars(extend("x-example-name" = "EUR"))]
    pub currencies: BTreeMap<String, CurrencyOverride>,
    /// Payment providers (exchanges) that this server trusts, one entry for each. As a variable or flag, the whole list
    /// is one value: `[{ base_url = "...", master_key = "...", currency = "..." }]`.
    pub exchanges: Vec<Exchange>,
    /// Kind of user that the web interface is laid out for, unless they choose: `expert`,
    /// `offline-vending-machine`, `point-of-sale`, `digital-publishing`, `e-commerce` or `developer`.
    pub default_persona: Persona,
    /// Whether anybody can sign up for an instance without the operator.
    pub self_provisioning: bool,
    /// Ways to send codes, `email` and `sms`, on which an instance that signed up by itself must have proven its
    /// address. With `self_provisioning`, each of them must be set up under `tan`. Empty: nobody needs to have an
    /// address; those that are given are still proven.
    pub mandatory_tan_channels: Vec<TanChannel>,
    /// Regular expression that phone numbers of instances must match. Anchor it: `^` at its begin, `$` at its end.
    #[schemars(with = "Option<String>", extend("examples" = [r"^\+[0-9]{6,15}$"]))]
    pub phone_regex: Option<Pattern>,
    /// Kinds of bank accounts that instances may have, as payto URIs (RFC 8905) name them, such as `iban` and
    /// `x-taler-bank`. `*` stands for all.
    pub payment_target_types: Vec<String>,
    /// Regular expression that the payto URIs of bank accounts must match as well. Anchor it: `^` at its begin, `$` at its
    /// end.
    #[schemars(with = "Option<String>", extend("examples" = [r"^payto://iban/([A-Z0-9]+/)?(CH|LI)"]))]
    pub payment_target_regex: Option<Pattern>,
    /// Time that customers have to pay an order, for new instances that do not say.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub default_pay_delay: Duration,
    /// Time in which a paid order can be refunded, for new instances that do not say.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub default_refund_delay: Duration,
    /// Time after which payments are wired to the bank account at the latest, for new instances that do not say.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub default_wire_transfer_delay: Duration,
    /// Calendar unit that wire deadlines are rounded up to, so that several payments share a transfer: `NONE`,
    /// `SECOND`, `MINUTE`, `HOUR`, `DAY`, `WEEK`, `MONTH`, `QUARTER` or `YEAR`.
    pub default_wire_transfer_rounding_interval: RoundingInterval,
    /// Folder with the terms of service, one file per language and format: `en.md`, `en.html`, `de.md` and so on.
    #[schemars(extend("format" = "path"), example = &"terms")]
    pub terms: Option<PathBuf>,
    /// Version of the terms. Change it exactly when users must accept them again.
    #[schemars(example = &"1")]
    pub terms_version: Option<String>,
    /// Folder with the privacy policy, laid out like `terms`.
    #[schemars(extend("format" = "path"), example = &"privacy")]
    pub privacy: Option<PathBuf>,
    /// Version of the privacy policy. Change it exactly when users must accept it again.
    #[schemars(example = &"1")]
    pub privacy_version: Option<String>,
    /// Whether instances may have the authentication method `external`, for which this server checks nothing: some
    /// proxy in front of it must. Without it such instances are refused.
    pub allow_external_auth: bool,
    /// Life of an access token whose request names none.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub token_lifetime_default: Duration,
    /// Longest life of an access token, a duration or `forever`; a request for more gets this.
    pub token_lifetime_max: Lifetime,
}

impl Default for Merchant {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 9966)),
            public_url: None,
            currency: "KUDOS".to_owned(),
            currencies: BTreeMap::new(),
            exchanges: Vec::new(),
            default_persona: Persona::Expert,
            self_provisioning: false,
            mandatory_tan_channels: vec![TanChannel::Email],
            phone_regex: None,
            payment_target_types: vec!["*".to_owned()],
            payment_target_regex: None,
            default_pay_delay: DAY,
            default_refund_delay: 15 * DAY,
            default_wire_transfer_delay: 7 * DAY,
            default_wire_transfer_rounding_interval: RoundingInterval::None,
            terms: None,
            terms_version: None,
            privacy: None,
            privacy_version: None,
            allow_external_auth: false,
            token_lifetime_default: DAY,
            token_lifetime_max: Lifetime::Forever,
        }
    }
}

impl Merchant {
    /// Base URL under which clients reach this server: the configured one, else that of the listen address.
    ///
    /// # Errors
    /// As [`PublicUrl::or_of_listener`].
    pub fn public_url(&self) -> Result<PublicUrl, String> {
        PublicUrl::or_of_listener(self.public_url.as_ref(), self.listen)
    }

    /// Whether instances may have accounts of this kind, which is the lower-case authority of a payto URI.
    #[must_use]
    pub fn takes_payment_target(&self, kind: &str) -> bool {
        let mut taken = self.payment_target_types.iter();
        taken.any(|taken| taken == "*" || taken.eq_ignore_ascii_case(kind))
    }

    /// The payment providers that are used.
    pub fn enabled_exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().filter(|exchange| exchange.enabled)
    }

    /// Every usable currency with how clients show it: the default one and those of `currencies`.
    #[must_use]
    pub fn all_currencies(&self) -> BTreeMap<String, Currency> {
        let mut all: BTreeMap<String, Currency> = self
            .currencies
            .iter()
            .map(|(code, set)| (code.clone(), Currency::built_in(code).with(set)))
            .collect();
        all.entry(self.currency.clone())
            .or_insert_with(|| Currency::built_in(&self.currency));
        all
    }
}

/// Way to send codes to the owner of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TanChannel {
    /// By mail.
    Email,
    /// By text message.
    Sms,
}

/// Kind of user that the web interface is laid out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Persona {
    /// Everything is shown.
    Expert,
    /// A machine that sells without a network connection.
    OfflineVendingMachine,
    /// A till.
    PointOfSale,
    /// A publisher of texts or media.
    DigitalPublishing,
    /// A web shop.
    #[serde(rename = "e-commerce")]
    ECommerce,
    /// Someone who writes software against the API.
    Developer,
}

/// Calendar unit that wire deadlines are rounded up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RoundingInterval {
    /// No rounding.
    None,
    /// Full seconds.
    Second,
    /// Full minutes.
    Minute,
    /// Full hours.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Quarters of a year.
    Quarter,
    /// Years.
    Year,
}
