//! What is kept of the answer to `GET /keys` of a payment provider. Members that are not named here are ignored.

mod bounded;

use std::collections::BTreeMap;

use kontor_openapi::scalar::{Amount, EddsaPublicKey, RelativeTime, Timestamp, base32};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

/// The keys, accounts, fees and limits of a payment provider. Denominations are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ExchangeKeys {
    /// Version of its protocol: `current:revision:age`.
    pub version: String,
    /// Where it says that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The currency that it works with.
    pub currency: String,
    /// The key that signs all others.
    pub master_public_key: EddsaPublicKey,
    /// The keys that it signs its answers with.
    #[serde(deserialize_with = "bounded::list")]
    pub signkeys: Vec<SigningKey>,
    /// What it charges, by the lower-case name of a wire method such as `iban`.
    #[serde(default, deserialize_with = "bounded::map_of_lists")]
    pub wire_fees: BTreeMap<String, Vec<WireFee>>,
    /// Its bank accounts.
    #[serde(default, deserialize_with = "bounded::list")]
    pub accounts: Vec<ExchangeAccount>,
    /// The smallest amount that it takes notice of in a transfer that only proves who owns an account. Without it: one unit of the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiny_amount: Option<Amount>,
    /// Whether it may ask its customers who they are at all.
    #[serde(default)]
    pub kyc_enabled: bool,
    /// Limits that hold for everybody, some of which can be lifted.
    #[serde(default, deserialize_with = "bounded::list")]
    pub hard_limits: Vec<AccountLimit>,
    /// What nobody can do before the payment provider knows who it is.
    #[serde(default, deserialize_with = "bounded::list")]
    pub zero_limits: Vec<ZeroLimit>,
}

/// A key that the payment provider signs its answers with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SigningKey {
    /// The public key.
    pub key: EddsaPublicKey,
    /// From when on it is used.
    pub stamp_start: Timestamp,
    /// Until when it is used.
    pub stamp_expire: Timestamp,
    /// Until when what it signed can be held against the payment provider.
    pub stamp_end: Timestamp,
    /// The master key's signature over all of this.
    pub master_sig: MasterSignature,
}

/// What a transfer costs in some span of time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct WireFee {
    /// For each transfer.
    pub wire_fee: Amount,
    /// For closing a reserve.
    pub closing_fee: Amount,
    /// From when on.
    pub start_date: Timestamp,
    /// Until when.
    pub end_date: Timestamp,
    /// The master key's signature over all of this and the wire method.
    pub sig: MasterSignature,
}

/// A bank account of the payment provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ExchangeAccount {
    /// The account as a full payto URI, with the name of its owner.
    pub payto_uri: String,
    /// Where the rate is told, if the account has another currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion_url: Option<String>,
    /// Which accounts may send to it.
    #[serde(default, deserialize_with = "bounded::list")]
    pub credit_restrictions: Vec<SignedRestriction>,
    /// Which accounts it can send to.
    #[serde(default, deserialize_with = "bounded::list")]
    pub debit_restrictions: Vec<SignedRestriction>,
    /// The master key's signature over all of this.
    pub master_sig: MasterSignature,
}

/// A restriction as it was received: the signature is over its very members, those that nobody here knows included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct SignedRestriction {
    received: Value,
    restriction: AccountRestriction,
}

impl SignedRestriction {
    /// What it means.
    #[must_use]
    pub fn restriction(&self) -> &AccountRestriction {
        &self.restriction
    }

    /// As it was received.
    #[must_use]
    pub fn received(&self) -> &Value {
        &self.received
    }
}

impl TryFrom<Value> for SignedRestriction {
    type Error = serde_json::Error;

    fn try_from(received: Value) -> Result<Self, serde_json::Error> {
        let restriction = AccountRestriction::deserialize(&received)?;
        Ok(Self {
            received,
            restriction,
        })
    }
}

impl From<SignedRestriction> for Value {
    fn from(signed: SignedRestriction) -> Self {
        signed.received
    }
}

/// Which accounts may be at the other end of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum AccountRestriction {
    /// None.
    Deny,
    /// Those whose payto URI matches.
    Regex {
        /// A POSIX extended regular expression for the whole normalised payto URI.
        payto_regex: String,
        /// What it means, for people.
        human_hint: String,
        /// The same in other languages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        human_hint_i18n: Option<BTreeMap<String, String>>,
    },
    /// Something that this program does not know. Nothing can be said to be allowed, so it counts as [`AccountRestriction::Deny`].
    #[serde(other)]
    Unknown,
}

/// How much of something may be done in some span of time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AccountLimit {
    /// What is limited.
    pub operation_type: LimitedOperation,
    /// In any span of this length.
    pub timeframe: RelativeTime,
    /// At most so much.
    pub threshold: Amount,
    /// Whether the limit can be lifted by saying who one is.
    #[serde(default)]
    pub soft_limit: bool,
}

/// Something that cannot be done at all at first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ZeroLimit {
    /// What cannot be done.
    pub operation_type: LimitedOperation,
    /// Whether the limit can be lifted by saying who one is.
    #[serde(default)]
    pub soft_limit: bool,
}

/// What a payment provider limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LimitedOperation {
    /// Taking coins out of a reserve.
    Withdraw,
    /// Being paid by coins.
    Deposit,
    /// Receiving from another wallet.
    Merge,
    /// Holding coins.
    Balance,
    /// Closing a reserve.
    Close,
    /// Receiving transfers to a bank account.
    Aggregate,
    /// A single transaction.
    Transaction,
    /// Giving coins back.
    Refund,
    /// Something that this program does not know.
    #[serde(other)]
    Unknown,
}

/// An Ed25519 signature: 64 bytes, 103 characters of Crockford's base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterSignature(pub [u8; 64]);

impl<'de> Deserialize<'de> for MasterSignature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        base32::decode_exact(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected 103 characters of Crockford base32"))
    }
}

impl Serialize for MasterSignature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base32::encode(&self.0))
    }
}

/// Most signing keys, accounts, fees or limits that a sane payment provider has; what exceeds it is refused before any signature is checked.
const MOST: usize = 256;

/// Most bytes of what is kept, as JSON.
const LONGEST: usize = 1024 * 1024;

/// The first version of the protocol with transfers that prove who owns an account.
const PROVING_TRANSFERS_SINCE: u32 = 21;

/// Why an answer is not one to `GET /keys`.
#[derive(Debug, thiserror::Error)]
pub enum MalformedKeys {
    /// It is no JSON, or lacks what every payment provider must say.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// There is too much of something.
    #[error("it has too many {0}")]
    TooMany(&'static str),
    /// It is too long, without what is not kept.
    #[error("it is too long")]
    TooLong,
    /// A string holds a NUL character, which databases do not take.
    #[error("it contains a NUL character")]
    Nul,
}

impl ExchangeKeys {
    /// Reads an answer. Nothing is verified yet.
    ///
    /// # Errors
    /// [`MalformedKeys`].
    pub fn read(body: &[u8]) -> Result<Self, MalformedKeys> {
        let keys: Self = serde_json::from_slice(body)?;
        let fees = keys.wire_fees.values().map(Vec::len);
        let restrictions = keys
            .accounts
            .iter()
            .map(|account| account.credit_restrictions.len() + account.debit_restrictions.len());
        let counted = [
            ("signing keys", keys.signkeys.len()),
            ("wire methods", keys.wire_fees.len()),
            ("wire fees", fees.sum()),
            ("accounts", keys.accounts.len()),
            ("restrictions", restrictions.sum()),
            ("limits", keys.hard_limits.len() + keys.zero_limits.len()),
        ];
        if let Some((what, _)) = counted.iter().find(|(_, count)| *count > MOST) {
            return Err(MalformedKeys::TooMany(what));
        }
        let text = serde_json::to_string(&keys)?;
        if text.len() > LONGEST {
            return Err(MalformedKeys::TooLong);
        }
        match text.contains("\\u0000") {
            true => Err(MalformedKeys::Nul),
            false => Ok(keys),
        }
    }

    /// The smallest amount for a transfer that proves who owns an account.
    #[must_use]
    pub fn smallest_transfer(&self) -> Option<Amount> {
        let unit = || format!("{}:1", self.currency).parse().ok();
        self.tiny_amount.clone().or_else(unit)
    }

    /// Whether it knows transfers that prove who owns an account: since version 21 of its protocol.
    #[must_use]
    pub fn knows_proving_transfers(&self) -> bool {
        let current = self.version.split(':').next();
        let current = current.and_then(|current| current.parse::<u32>().ok());
        current.is_some_and(|current| current >= PROVING_TRANSFERS_SINCE)
    }

    /// The latest time until when any of its signing keys is used.
    #[must_use]
    pub fn signing_ends(&self) -> Option<Timestamp> {
        self.signkeys.iter().map(|key| key.stamp_expire).max()
    }
}

impl ExchangeAccount {
    /// What keeps the payment provider from sending from this account to any other: nothing, or a restriction. Where there are several, one that denies
    /// everything goes before all others, else the first one speaks for all.
    #[must_use]
    pub fn debit_restriction(&self) -> Option<&AccountRestriction> {
        strictest(&self.debit_restrictions)
    }

    /// The same for sending to this account.
    #[must_use]
    pub fn credit_restriction(&self) -> Option<&AccountRestriction> {
        strictest(&self.credit_restrictions)
    }
}

fn strictest(restrictions: &[SignedRestriction]) -> Option<&AccountRestriction> {
    use AccountRestriction::{Deny, Unknown};

    let mut all = restrictions.iter().map(SignedRestriction::restriction);
    let denies = |one: &&AccountRestriction| matches!(one, Deny | Unknown);
    all.clone().find(denies).or_else(|| all.next())
}
