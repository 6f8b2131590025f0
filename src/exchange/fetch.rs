//! One download of `/keys`, and what came of it.

use std::time::{Duration, SystemTime};

use headers::{Age, CacheControl, Date, Expires, HeaderMapExt as _};
use kontor_openapi::ErrorCode;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header::ACCEPT};

use super::{
    keys::ExchangeKeys,
    verification::{self, BadKeys, Trusted},
};
use crate::{
    clock::Clock,
    config::PublicUrl,
    http::outbound::{
        Destination, Fetched as Answer, OutboundClient, OutboundError, OutboundRequest, OutboundUrl,
    },
};

/// Longest time for a download, from the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest answer, in bytes: denominations make it long.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// What came of a download.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Status of the answer; 0: there was none.
    pub http_status: u16,
    /// The keys, or why there are none.
    pub result: Result<Fetched, Failure>,
}

/// Keys that were verified.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The keys.
    pub keys: ExchangeKeys,
    /// How long the answer says that they stay as they are.
    pub fresh_for: Option<Duration>,
}

/// Longest hint, in characters.
const LONGEST_HINT: usize = 200;

/// Why there are no keys.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind of failure it is.
    pub code: ErrorCode,
    /// More about it; for everybody's eyes.
    pub hint: String,
}

impl Failure {
    /// What the payment provider says may stand in the hint, so it is cut, and neither breaks lines nor holds what databases do not take.
    fn new(code: ErrorCode, hint: impl AsRef<str>) -> Self {
        let printed = hint.as_ref().chars().filter(|one| !one.is_control());
        let hint = printed.take(LONGEST_HINT).collect();
        Self { code, hint }
    }
}

/// Downloads the keys of a payment provider and verifies them.
pub async fn fetch(
    outbound: &OutboundClient,
    clock: &Clock,
    base_url: &PublicUrl,
    trusted: &Trusted,
) -> Outcome {
    let answer = match get(outbound, base_url).await {
        Ok(answer) => answer,
        Err(failure) => {
            return Outcome {
                http_status: 0,
                result: Err(failure),
            };
        }
    };
    let (http_status, now_us) = (answer.status.as_u16(), clock.now().get());
    let trusted = trusted.clone();
    // Long answers and many signatures take their time, which other tasks must not wait for.
    let judged = tokio::task::spawn_blocking(move || judge(&answer, &trusted, now_us));
    let result = judged.await.unwrap_or_else(|_| {
        let code = ErrorCode::MerchantGenericExchangeKeysFailure;
        Err(Failure::new(code, "the answer could not be looked at"))
    });
    Outcome {
        http_status,
        result,
    }
}

/// Any answer. The operator named the URL, so it may lead anywhere.
async fn get(outbound: &OutboundClient, base_url: &PublicUrl) -> Result<Answer, Failure> {
    let url = OutboundUrl::parse(base_url.as_str()).and_then(|url| url.join("keys"));
    let url = url.map_err(|wrong| {
        let code = ErrorCode::MerchantGenericExchangeConnectFailure;
        Failure::new(code, wrong.to_string())
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let request = OutboundRequest::get(Destination::Operator(url))
        .headers(headers)
        .timeout(PATIENCE)
        .limit_bytes(LONGEST_ANSWER);
    outbound.send(request).await.map_err(|error| {
        let cause: &dyn std::error::Error = &error;
        tracing::debug!(exchange.base_url = %base_url, error.cause = cause, "a payment provider did not answer");
        Failure::new(code_of(&error), error.to_string())
    })
}

fn code_of(error: &OutboundError) -> ErrorCode {
    match error {
        OutboundError::TimedOut { .. } => ErrorCode::MerchantGenericExchangeTimeout,
        OutboundError::TooLarge { .. } | OutboundError::Protocol { .. } => {
            ErrorCode::MerchantGenericExchangeReplyMalformed
        }
        OutboundError::Refused { .. }
        | OutboundError::NotResolved { .. }
        | OutboundError::NotConnected { .. }
        | OutboundError::TlsFailed { .. } => ErrorCode::MerchantGenericExchangeConnectFailure,
    }
}

fn judge(answer: &Answer, trusted: &Trusted, now_us: i64) -> Result<Fetched, Failure> {
    use ErrorCode::{
        MerchantGenericExchangeKeysFailure, MerchantGenericExchangeMasterKeyMismatch,
        MerchantGenericExchangeReplyMalformed, MerchantGenericExchangeUnexpectedStatus,
    };

    let malformed = |hint: String| Failure::new(MerchantGenericExchangeReplyMalformed, hint);
    if answer.status != StatusCode::OK {
        let hint = match answer.status.is_redirection() {
            true => "the answer is a redirect, which is not followed",
            false => "the status is not 200",
        };
        return Err(Failure::new(MerchantGenericExchangeUnexpectedStatus, hint));
    }
    let keys = ExchangeKeys::read(&answer.body)
        .map_err(|reason| malformed(format!("the answer is not understood: {reason}")))?;
    verification::verify(&keys, trusted, now_us).map_err(|bad| {
        let code = match bad {
            BadKeys::MasterKey(_) => MerchantGenericExchangeMasterKeyMismatch,
            _ => MerchantGenericExchangeKeysFailure,
        };
        Failure::new(code, bad.to_string())
    })?;
    Ok(Fetched {
        keys,
        fresh_for: freshness(&answer.headers, now_us),
    })
}

/// How long an answer stays fresh, by the rules of HTTP caches: `max-age` less the time that it spent in other caches, else from `Date` to `Expires`. What
/// must not be kept at all is fresh for no time. None: the answer does not say.
fn freshness(headers: &HeaderMap, now_us: i64) -> Option<Duration> {
    let control = headers.typed_get::<CacheControl>();
    if let Some(control) = control {
        if control.no_store() || control.no_cache() {
            return Some(Duration::ZERO);
        }
        if let Some(life) = control.max_age() {
            let age = headers
                .typed_get::<Age>()
                .map_or(Duration::ZERO, |age| age.into());
            return Some(life.saturating_sub(age));
        }
    }
    let expires: SystemTime = headers.typed_get::<Expires>()?.into();
    let now =
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(now_us.max(0).unsigned_abs()))?;
    let date = headers.typed_get::<Date>().map_or(now, SystemTime::from);
    Some(expires.duration_since(date).unwrap_or_default())
}
