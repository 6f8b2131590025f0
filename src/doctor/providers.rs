//! Whether payment providers (exchanges) answer.

use std::time::Duration;

use entity::exchange::Model;

use super::report::{Check, Severity};
use crate::config::{Exchange, duration};

/// Each was reached once.
pub const NEVER_REACHED: Check = Check {
    name: "exchanges-never-reached",
    severity: Severity::Problem,
    right: "Every payment provider was reached.",
    advice: "Look its \"keys_hint\" up at /exchanges and in docs/exchanges.md, and try again with \"kontor doctor --online\".",
};

/// Its keys may be used.
pub const EXPIRED: Check = Check {
    name: "exchanges-expired",
    severity: Severity::Problem,
    right: "The keys of every payment provider that was reached may be used.",
    advice: "Start the server, which downloads them; if it runs, look its \"keys_hint\" up at /exchanges and in docs/exchanges.md.",
};

/// It answers.
pub const FAILING: Check = Check {
    name: "exchanges-failing",
    severity: Severity::Warning,
    right: "Every payment provider that was reached still answers.",
    advice: "Look its \"keys_hint\" up at /exchanges and in docs/exchanges.md before its keys expire.",
};

/// Its row, where something is known under the master key that is configured.
fn known<'a>(exchange: &Exchange, rows: &'a [Model]) -> Option<&'a Model> {
    rows.iter().find(|row| {
        row.base_url == exchange.base_url.as_str()
            && row.master_pub.as_slice() == exchange.master_key.0.as_slice()
    })
}

/// Those that were never reached.
pub fn never_reached<'a>(
    exchanges: impl IntoIterator<Item = &'a Exchange>,
    rows: &[Model],
) -> Vec<String> {
    let never = exchanges.into_iter().filter_map(|exchange| {
        let url = &exchange.base_url;
        match known(exchange, rows) {
            Some(row) if row.downloaded_at_us.is_some() => None,
            Some(row) if row.failures > 0 => Some(format!(
                "The payment provider {url} was never reached, in {} attempts: {}.",
                row.failures,
                row.hint.trim_end_matches('.')
            )),
            _ => Some(format!("The payment provider {url} was not asked yet.")),
        }
    });
    never.collect()
}

/// Those whose keys may not be used any more.
pub fn expired<'a>(
    exchanges: impl IntoIterator<Item = &'a Exchange>,
    rows: &[Model],
    now_us: i64,
) -> Vec<String> {
    let expired = exchanges.into_iter().filter_map(|exchange| {
        let end_us = known(exchange, rows)?.keys_expire_at_us?;
        (end_us <= now_us).then(|| {
            format!(
                "The keys of the payment provider {} expired {} ago.",
                exchange.base_url,
                since(now_us, end_us)
            )
        })
    });
    expired.collect()
}

/// Those that do not answer any more as they should.
pub fn failing<'a>(
    exchanges: impl IntoIterator<Item = &'a Exchange>,
    rows: &[Model],
    now_us: i64,
) -> Vec<String> {
    let failing = exchanges.into_iter().filter_map(|exchange| {
        let row = known(exchange, rows)?;
        let reached_us = row.downloaded_at_us.filter(|_| row.failures > 0)?;
        Some(format!(
            "The payment provider {} was last reached {} ago, and failed {} times since: {}.",
            exchange.base_url,
            since(now_us, reached_us),
            row.failures,
            row.hint.trim_end_matches('.')
        ))
    });
    failing.collect()
}

/// A time that has passed, in seconds, or in minutes from one minute on.
fn since(now_us: i64, then_us: i64) -> String {
    let micros = u64::try_from(now_us.saturating_sub(then_us)).unwrap_or(0);
    let seconds = micros / 1_000_000;
    let rounded = match seconds {
        0..60 => seconds,
        _ => seconds / 60 * 60,
    };
    duration::print(Duration::from_secs(rounded))
}

#[cfg(test)]
mod tests {
    use kontor_openapi::scalar::EddsaPublicKey;

    use super::*;
    use crate::config::PublicUrl;

    const MINUTE_US: i64 = 60_000_000;

    fn exchange() -> Exchange {
        Exchange {
            base_url: PublicUrl::parse("https://exchange.example/").unwrap(),
            master_key: EddsaPublicKey([7; 32]),
            currency: "KUDOS".to_owned(),
            enabled: true,
        }
    }

    fn row() -> Model {
        Model {
            base_url: "https://exchange.example/".to_owned(),
            master_pub: vec![7; 32],
            keys: None,
            keys_expire_at_us: Some(100 * MINUTE_US),
            downloaded_at_us: Some(10 * MINUTE_US),
            next_download_at_us: 0,
            http_status: 200,
            error_code: 0,
            hint: String::new(),
            failures: 0,
        }
    }

    fn all(rows: &[Model], now_us: i64) -> [Vec<String>; 3] {
        let exchanges = [exchange()];
        [
            never_reached(&exchanges, rows),
            expired(&exchanges, rows, now_us),
            failing(&exchanges, rows, now_us),
        ]
    }

    #[test]
    fn one_that_answers_is_fine() {
        assert_eq!(all(&[row()], 50 * MINUTE_US).concat().len(), 0);
    }

    #[test]
    fn one_that_was_never_reached_is_told_with_the_reason() {
        let [never, ..] = all(&[], 0);
        assert_eq!(
            never,
            ["The payment provider https://exchange.example/ was not asked yet."]
        );
        let mut failed = row();
        failed.downloaded_at_us = None;
        failed.keys_expire_at_us = None;
        failed.failures = 3;
        failed.hint = "the status is not 200".to_owned();
        let [never, expired, failing] = all(&[failed], 0);
        assert_eq!(
            never,
            [
                "The payment provider https://exchange.example/ was never reached, in 3 attempts: the status is not 200."
            ]
        );
        assert!(expired.is_empty() && failing.is_empty(), "once is enough");
        // What is known of another master key is not known of this one.
        let mut other = row();
        other.master_pub = vec![8; 32];
        assert_eq!(all(&[other], 0)[0].len(), 1);
    }

    #[test]
    fn one_that_fails_is_told_before_and_after_its_keys_expire() {
        let mut failed = row();
        failed.failures = 2;
        failed.hint = "no answer".to_owned();
        let [never, expired, failing] = all(&[failed], 100 * MINUTE_US);
        assert!(never.is_empty());
        assert_eq!(
            expired,
            ["The keys of the payment provider https://exchange.example/ expired 0s ago."]
        );
        assert_eq!(
            failing,
            [
                "The payment provider https://exchange.example/ was last reached 90 min ago, and failed 2 times since: no answer."
            ]
        );
    }
}
