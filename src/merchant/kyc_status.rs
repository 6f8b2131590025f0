//! The status of verification: waiting for it, and the forms that it is shown in.

use entity::instance;
use kontor_openapi::{
    merchant::{
        KycStatus, MerchantAccountKycRedirect as Entry, MerchantAccountKycRedirectsResponse,
    },
    scalar::base32,
};
use poem::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha512};

use super::Caller;
use crate::{
    app::App,
    db::Topic,
    error::Error,
    http::negotiation,
    kyc::report::{Filter, entries},
};

/// The forms that the status is shown in, the first one unless another is asked for.
const MEDIA_TYPES: [&str; 2] = ["application/json", "text/plain"];

/// What is asked for.
pub struct StatusQuery {
    /// Which entries.
    pub filter: Filter,
    /// What to wait for.
    pub awaited: Awaited,
    /// How long.
    pub timeout_ms: Option<u64>,
    /// What the client has already.
    pub if_none_match: Option<String>,
}

/// What a client waits for. All of it must have come.
#[derive(Default)]
pub struct Awaited {
    /// An entry of this status.
    pub status: Option<KycStatus>,
    /// An entry of another status.
    pub not_status: Option<KycStatus>,
    /// Another answer than that with this tag.
    pub not_etag: Option<String>,
    /// The older form.
    pub target: Option<Target>,
}

/// What clients of the older form wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The payment provider has seen a transfer from the account.
    Transfer,
    /// It does not investigate any more.
    Review,
    /// Nothing is left to do.
    Ready,
}

impl Target {
    /// Reads the number that it has in the API.
    ///
    /// # Errors
    /// [`Error::Malformed`] for any other.
    pub fn of_number(number: u64) -> Result<Self, Error> {
        match number {
            1 => Ok(Self::Transfer),
            2 => Ok(Self::Review),
            3 => Ok(Self::Ready),
            _ => Err(Error::Malformed {
                parameter: "lpt",
                reason: "must be 1, 2 or 3",
            }),
        }
    }

    fn is_reached(self, entry: &Entry) -> bool {
        match self {
            Self::Transfer => entry.access_token.is_some() || entry.status == KycStatus::Ready,
            Self::Review => matches!(entry.status, KycStatus::Ready | KycStatus::KycRequired),
            Self::Ready => entry.status == KycStatus::Ready,
        }
    }
}

impl Awaited {
    /// Reads the parameters, the number of the older form among them.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a number that means nothing.
    pub fn new(
        status: Option<KycStatus>,
        not_status: Option<KycStatus>,
        not_etag: Option<String>,
        number: Option<u64>,
    ) -> Result<Self, Error> {
        Ok(Self {
            status,
            not_status,
            not_etag,
            target: number.map(Target::of_number).transpose()?,
        })
    }

    fn has_come(&self, entries: &[Entry]) -> bool {
        let some = |is_met: &dyn Fn(&Entry) -> bool| entries.iter().any(is_met);
        self.status
            .is_none_or(|status| some(&|entry| entry.status == status))
            && self
                .not_status
                .is_none_or(|status| some(&|entry| entry.status != status))
            && self
                .target
                .is_none_or(|target| some(&|entry| target.is_reached(entry)))
            && self
                .not_etag
                .as_ref()
                .is_none_or(|known| bare(known) != tag(entries))
    }
}

/// The answer.
pub enum Shown {
    /// There are no entries.
    Nothing,
    /// The client has it already.
    Known {
        /// Its tag.
        etag: String,
    },
    /// The entries.
    Entries {
        /// In one of their forms.
        body: Body,
        /// Their tag.
        etag: String,
    },
}

/// A form of the entries.
pub enum Body {
    /// For programs.
    Json(MerchantAccountKycRedirectsResponse),
    /// For people.
    Text(String),
}

/// Shows how the accounts of an instance stand, once what is awaited has come or the time is over.
///
/// # Errors
/// [`Error::NotAcceptable`], [`Error::AccountUnknown`], and those of the database.
pub async fn show(
    app: &App,
    caller: &Caller,
    instance: &instance::Model,
    query: StatusQuery,
) -> Result<Shown, Error> {
    let media_type = negotiation::media_type(&caller.accept, &MEDIA_TYPES);
    let media_type = media_type.ok_or(Error::NotAcceptable)?;
    let poll = app.long_poll(&caller.deadline, query.timeout_ms);
    let topics = [
        Topic::Exchanges,
        Topic::Kyc {
            instance_serial: instance.serial,
        },
    ];
    let read = || entries(app, instance, &query.filter);
    let found = poll.until(&topics, read, |found: &Vec<Entry>| {
        query.awaited.has_come(found)
    });
    let found = found.await?;
    if query.timeout_ms.is_some() {
        let proof = caller.proof();
        // All that wait may be answered at once, at the end of the server at the latest.
        let _turn = app.database.changes().turn().await;
        proof.check_again(app.database.read(), app.now_us()).await?;
    }
    if found.is_empty() {
        return Ok(Shown::Nothing);
    }
    let etag = format!("\"{}\"", tag(&found));
    if query
        .if_none_match
        .is_some_and(|known| is_known(&known, &etag))
    {
        return Ok(Shown::Known { etag });
    }
    let body = match media_type {
        "text/plain" => Body::Text(text(&found)),
        _ => Body::Json(MerchantAccountKycRedirectsResponse { kyc_data: found }),
    };
    Ok(Shown::Entries { body, etag })
}

fn is_known(known: &str, etag: &str) -> bool {
    let value = HeaderValue::from_str(known).ok();
    let headers: HeaderMap = value
        .map(|value| (header::IF_NONE_MATCH, value))
        .into_iter()
        .collect();
    negotiation::not_modified(&headers, etag)
}

/// The tag without quotes: 32 bytes of a hash of the entries, whatever form they are shown in.
fn tag(entries: &[Entry]) -> String {
    // Entries are always JSON.
    let json = serde_json::to_vec(entries).unwrap_or_default();
    base32::encode(&Sha512::digest(&json)[..32])
}

fn bare(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

/// What a status means for whoever reads the report.
fn advice(status: KycStatus) -> &'static str {
    match status {
        KycStatus::Ready => "Nothing is left to do.",
        KycStatus::KycRequired => "The payment provider wants to know more: open its page.",
        KycStatus::KycWireRequired => "Make one of these transfers from the account.",
        KycStatus::KycWireImpossible => {
            "It wants to see a transfer, but has no account that this one can send to: use another account."
        }
        KycStatus::AwaitingAmlReview => "The payment provider investigates: wait.",
        KycStatus::UnsupportedAccount => {
            "It does not send money to such accounts: use another account."
        }
        KycStatus::NoExchangeKeys => {
            "Its keys are missing or not good: the operator looks at /exchanges."
        }
        KycStatus::ExchangeUnreachable => {
            "It gave no answer, or was not asked yet: wait a minute, then the operator looks at /exchanges."
        }
        KycStatus::ExchangeGatewayTimeout | KycStatus::ExchangeInternalError => {
            "It does not work at present and is asked again: wait."
        }
        KycStatus::ExchangeStatusInvalid => {
            "Its answer is not understood: the operator looks at /exchanges and the base URL in the configuration."
        }
        KycStatus::MerchantInternalError | KycStatus::LogicBug => {
            "The operator looks into the log."
        }
    }
}

fn text(entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut account = None;
    for entry in entries {
        if account != Some(&entry.h_wire) {
            text.push_str(&format!("{}\n", entry.payto_uri.0));
            account = Some(&entry.h_wire);
        }
        let Entry {
            exchange_url,
            exchange_currency,
            status,
            ..
        } = entry;
        text.push_str(&format!(
            "  at {exchange_url} ({exchange_currency}): {status}\n    {}\n",
            advice(*status)
        ));
        if entry.exchange_http_status != 0 || entry.exchange_code.is_some() {
            let code = entry.exchange_code.unwrap_or(0);
            let http_status = entry.exchange_http_status;
            text.push_str(&format!(
                "    last answer: HTTP {http_status}, code {code}\n"
            ));
        }
        if let (KycStatus::KycRequired, Some(token)) = (status, &entry.access_token) {
            text.push_str(&format!("    go to {exchange_url}kyc-spa/{token}\n"));
        }
        for transfer in entry.payto_kycauths.iter().flatten() {
            text.push_str(&format!("    transfer {transfer}\n"));
        }
    }
    text
}
