//! Whether the servers answer that this one depends on. Nothing is sent but the question.

use std::time::Duration;

use super::report::{Check, Report, Severity};
use crate::clock::Clock;
use crate::config::Settings;
use crate::exchange::{fetch, verification::Trusted};
use crate::http::outbound::OutboundClient;
use crate::random::Random;
use crate::tan;

/// Payment providers answer from here.
pub const EXCHANGES: Check = Check {
    name: "exchanges-online",
    severity: Severity::Problem,
    right: "Every payment provider answers with keys that are as they should be.",
    advice: "See docs/exchanges.md for what each failure means and what to look at.",
};

/// The mail server answers.
pub const SMTP: Check = Check {
    name: "smtp-online",
    severity: Severity::Problem,
    right: "The SMTP server answers, encrypts as it is asked to, and takes the login.",
    advice: "Mend \"tan.email.smtp_url\", the network in between, or the server: without it no code goes out by e-mail.",
};

/// How long the mail server may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks all of them.
pub async fn ask(settings: &Settings, clock: &Clock, random: &Random, report: &mut Report) {
    let exchanges: Vec<_> = settings.merchant.enabled_exchanges().collect();
    if !exchanges.is_empty() {
        report.judge(&EXCHANGES, ask_exchanges(settings, clock).await);
    }
    if let Some(url) = &settings.tan.email.smtp_url {
        let answer = tan::greet(&settings.tan.email, clock, random, PATIENCE).await;
        let failed = answer.err().map(|reason| {
            format!(
                "Asking the SMTP server {url} failed, {}.",
                reason.trim_end_matches('.')
            )
        });
        report.judge(&SMTP, failed);
    }
}

async fn ask_exchanges(settings: &Settings, clock: &Clock) -> Vec<String> {
    let outbound = match OutboundClient::new(&crate::app::outbound_settings(settings)) {
        Ok(outbound) => outbound,
        Err(reason) => return vec![format!("No payment provider can be asked: {reason}.")],
    };
    let asked = settings.merchant.enabled_exchanges().map(async |exchange| {
        let trusted = Trusted {
            master_pub: exchange.master_key,
            currency: exchange.currency.clone(),
        };
        let outcome = fetch::fetch(&outbound, clock, &exchange.base_url, &trusted).await;
        let failure = outcome.result.err()?;
        Some(format!(
            "The payment provider {} gives no keys: {} ({}).",
            exchange.base_url,
            failure.hint.trim_end_matches('.'),
            failure.code.number()
        ))
    });
    let failures = futures_util::future::join_all(asked).await;
    failures.into_iter().flatten().collect()
}
