//! How an account stands with a payment provider, from what is stored.

use entity::kyc_check;
use kontor_openapi::merchant::KycStatus;

/// What is known of a payment provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Its keys are good.
    Known {
        /// Whether it may ask its customers who they are.
        asks: bool,
        /// Whether it sends money to accounts like this one.
        supports_account: bool,
        /// Whether it has an account that this one can send to.
        can_be_sent_to: bool,
    },
    /// There are no good keys.
    Unknown {
        /// Whether anybody tried to get them.
        tried: bool,
        /// The status of its last answer; 0: there was none.
        http_status: u16,
    },
}

/// The status of an account, with the last answer about it where there is one.
#[must_use]
pub fn standing(provider: Provider, last: Option<&kyc_check::Model>) -> KycStatus {
    match provider {
        Provider::Unknown { tried: false, .. } => KycStatus::NoExchangeKeys,
        // What it says of itself is not good.
        Provider::Unknown {
            http_status: 200, ..
        } => KycStatus::NoExchangeKeys,
        Provider::Unknown { http_status, .. } => failed(http_status),
        Provider::Known {
            supports_account: false,
            ..
        } => KycStatus::UnsupportedAccount,
        Provider::Known { asks: false, .. } => KycStatus::Ready,
        Provider::Known { can_be_sent_to, .. } => last
            .map_or(KycStatus::ExchangeUnreachable, |last| {
                answered(last, can_be_sent_to)
            }),
    }
}

fn answered(last: &kyc_check::Model, can_be_sent_to: bool) -> KycStatus {
    let http_status = u16::try_from(last.http_status).unwrap_or(0);
    match http_status {
        // The answer could not be understood.
        200 | 202 if last.error_code != 0 => KycStatus::ExchangeStatusInvalid,
        200 | 202 if last.aml_review => KycStatus::AwaitingAmlReview,
        200 | 204 => KycStatus::Ready,
        202 => KycStatus::KycRequired,
        403 | 404 | 409 if can_be_sent_to => KycStatus::KycWireRequired,
        403 | 404 | 409 => KycStatus::KycWireImpossible,
        other => failed(other),
    }
}

/// Whether the payment provider wants to see a transfer from the account.
#[must_use]
pub fn wants_transfer(status: KycStatus) -> bool {
    matches!(
        status,
        KycStatus::KycWireRequired | KycStatus::KycWireImpossible
    )
}

fn failed(http_status: u16) -> KycStatus {
    match http_status {
        0 => KycStatus::ExchangeUnreachable,
        504 => KycStatus::ExchangeGatewayTimeout,
        500..=599 => KycStatus::ExchangeInternalError,
        _ => KycStatus::ExchangeStatusInvalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Provider = Provider::Known {
        asks: true,
        supports_account: true,
        can_be_sent_to: true,
    };

    fn answer(http_status: i32, aml_review: bool, error_code: i32) -> kyc_check::Model {
        kyc_check::Model {
            serial: 1,
            account_serial: 1,
            exchange_url: "https://exchange.example/".to_owned(),
            http_status,
            error_code,
            aml_review,
            access_token: None,
            access_token_key_id: None,
            limits: None,
            checked_at_us: Some(0),
            next_check_at_us: 0,
            unchanged: 0,
        }
    }

    #[test]
    fn an_answer_decides() {
        for (http_status, aml_review, error_code, expected) in [
            (200, false, 0, KycStatus::Ready),
            (200, true, 0, KycStatus::AwaitingAmlReview),
            (202, false, 0, KycStatus::KycRequired),
            (202, true, 0, KycStatus::AwaitingAmlReview),
            (204, false, 0, KycStatus::Ready),
            (403, false, 0, KycStatus::KycWireRequired),
            (404, false, 1030, KycStatus::KycWireRequired),
            (409, false, 0, KycStatus::KycWireRequired),
            (200, false, 2013, KycStatus::ExchangeStatusInvalid),
            (202, false, 2013, KycStatus::ExchangeStatusInvalid),
            (0, false, 2012, KycStatus::ExchangeUnreachable),
            (302, false, 2014, KycStatus::ExchangeStatusInvalid),
            (418, false, 2014, KycStatus::ExchangeStatusInvalid),
            (500, false, 0, KycStatus::ExchangeInternalError),
            (503, false, 0, KycStatus::ExchangeInternalError),
            (504, false, 0, KycStatus::ExchangeGatewayTimeout),
        ] {
            let last = answer(http_status, aml_review, error_code);
            assert_eq!(standing(KNOWN, Some(&last)), expected, "{http_status}");
        }
        assert_eq!(standing(KNOWN, None), KycStatus::ExchangeUnreachable);
    }

    #[test]
    fn what_the_payment_provider_says_of_itself_goes_first() {
        let ready = answer(200, false, 0);
        let known = |asks, supports_account| Provider::Known {
            asks,
            supports_account,
            can_be_sent_to: false,
        };
        let unknown = |tried, http_status| Provider::Unknown { tried, http_status };
        for (provider, expected) in [
            (known(true, false), KycStatus::UnsupportedAccount),
            (known(false, false), KycStatus::UnsupportedAccount),
            (known(false, true), KycStatus::Ready),
            (unknown(false, 0), KycStatus::NoExchangeKeys),
            (unknown(true, 200), KycStatus::NoExchangeKeys),
            (unknown(true, 0), KycStatus::ExchangeUnreachable),
            (unknown(true, 504), KycStatus::ExchangeGatewayTimeout),
            (unknown(true, 502), KycStatus::ExchangeInternalError),
            (unknown(true, 404), KycStatus::ExchangeStatusInvalid),
        ] {
            assert_eq!(standing(provider, Some(&ready)), expected, "{provider:?}");
        }
        let impossible = standing(known(true, true), Some(&answer(404, false, 0)));
        assert_eq!(impossible, KycStatus::KycWireImpossible);
    }
}
