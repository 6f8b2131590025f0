//! What a payment provider answers to `GET /kyc-check/…`.

use kontor_openapi::scalar::base32;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    exchange::keys::{AccountLimit, LimitedOperation},
    http::outbound::{Fetched, OutboundError},
};

/// Errors of this server about the answers of payment providers, by their number in the registry.
pub mod code {
    use kontor_openapi::ErrorCode;

    /// No answer in time.
    pub const TIMEOUT: u16 = ErrorCode::MerchantGenericExchangeTimeout.number();
    /// No connection.
    pub const UNREACHABLE: u16 = ErrorCode::MerchantGenericExchangeConnectFailure.number();
    /// An answer that cannot be understood.
    pub const MALFORMED: u16 = ErrorCode::MerchantGenericExchangeReplyMalformed.number();
}

/// Most limits that are kept.
const MOST_LIMITS: usize = 100;

/// What is kept of an answer.
#[derive(Clone, Default)]
pub struct Answer {
    /// Its status; 0: there was none.
    pub http_status: u16,
    /// What was wrong with it, or the error in it; 0: nothing.
    pub error_code: u16,
    /// Whether the payment provider investigates.
    pub aml_review: bool,
    /// What opens the payment provider's pages.
    pub access_token: Option<Zeroizing<String>>,
    /// What it limits for this account.
    pub limits: Vec<AccountLimit>,
}

/// The body of a 200 and a 202.
#[derive(Deserialize)]
struct AccountKycStatus {
    aml_review: bool,
    access_token: String,
    #[serde(default)]
    limits: Vec<AccountLimit>,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: u16,
}

impl Answer {
    /// Whether nothing is left to do, or nothing can be done.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.http_status {
            200 => self.error_code == 0 && !self.aml_review,
            204 => true,
            _ => false,
        }
    }

    /// Reads what came, or did not come.
    #[must_use]
    pub fn read(fetched: Result<Fetched, OutboundError>) -> Self {
        match fetched {
            Ok(fetched) => Self::of_response(fetched.status.as_u16(), &fetched.body),
            Err(error) => Self {
                error_code: code_of(&error),
                ..Self::default()
            },
        }
    }

    fn of_response(http_status: u16, body: &[u8]) -> Self {
        match http_status {
            200 | 202 => match serde_json::from_slice::<AccountKycStatus>(body) {
                Ok(status) if is_sound(&status) => Self {
                    http_status,
                    error_code: 0,
                    aml_review: status.aml_review,
                    access_token: Some(Zeroizing::new(status.access_token)),
                    limits: known(status.limits),
                },
                _ => Self {
                    http_status,
                    error_code: code::MALFORMED,
                    ..Self::default()
                },
            },
            204 => Self {
                http_status,
                ..Self::default()
            },
            _ => Self {
                http_status,
                error_code: serde_json::from_slice::<ErrorBody>(body)
                    .ok()
                    .filter(|error| (1..=9999).contains(&error.code))
                    .map_or(0, |error| error.code),
                ..Self::default()
            },
        }
    }
}

fn code_of(error: &OutboundError) -> u16 {
    match error {
        OutboundError::TimedOut { .. } => code::TIMEOUT,
        OutboundError::TooLarge { .. } | OutboundError::Protocol { .. } => code::MALFORMED,
        OutboundError::Refused { .. }
        | OutboundError::NotResolved { .. }
        | OutboundError::NotConnected { .. }
        | OutboundError::TlsFailed { .. } => code::UNREACHABLE,
    }
}

/// What this program has no word for cannot be shown.
fn known(mut limits: Vec<AccountLimit>) -> Vec<AccountLimit> {
    limits.retain(|limit| limit.operation_type != LimitedOperation::Unknown);
    limits
}

/// An access token is 32 bytes in base32: nothing else may stand where clients make a URL of it.
fn is_sound(status: &AccountKycStatus) -> bool {
    base32::decode_exact::<32>(&status.access_token).is_some() && status.limits.len() <= MOST_LIMITS
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "3JMPHRKJ0Z3KYYAQVMVBWZDGSBVCE2RAT1ZZQ5AWPDE9NQHXN8S0";

    fn read(http_status: u16, body: &serde_json::Value) -> Answer {
        Answer::of_response(http_status, body.to_string().as_bytes())
    }

    #[test]
    fn a_status_is_read() {
        let limit = json!({
            "operation_type": "DEPOSIT", "timeframe": { "d_us": "forever" },
            "threshold": "KUDOS:10", "soft_limit": true,
        });
        let body =
            json!({ "aml_review": true, "access_token": TOKEN, "rule_gen": 7, "limits": [limit] });
        let answer = read(202, &body);
        assert_eq!((answer.http_status, answer.error_code), (202, 0));
        assert!(answer.aml_review);
        assert_eq!(answer.access_token.expect("a token").as_str(), TOKEN);
        assert_eq!(answer.limits.len(), 1);
        let body = json!({ "aml_review": false, "access_token": TOKEN });
        assert_eq!(read(200, &body).limits, Vec::new());
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        for body in [
            json!("garbage"),
            json!({}),
            json!({ "aml_review": false }),
            json!({ "aml_review": false, "access_token": "../../evil" }),
            json!({ "aml_review": false, "access_token": TOKEN, "limits": [{}] }),
        ] {
            let answer = read(200, &body);
            assert_eq!(
                (answer.http_status, answer.error_code),
                (200, code::MALFORMED)
            );
            assert!(answer.access_token.is_none());
        }
    }

    #[test]
    fn errors_keep_their_code() {
        assert_eq!(read(404, &json!({ "code": 1930 })).error_code, 1930);
        for body in [
            json!({ "code": 0 }),
            json!({ "code": "x" }),
            json!({ "code": 70000 }),
            json!([]),
        ] {
            assert_eq!(read(404, &body).error_code, 0);
        }
        assert_eq!(Answer::of_response(204, b"").error_code, 0);
    }
}
