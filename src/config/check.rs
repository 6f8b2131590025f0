//! What the types cannot say: values that must fit each other and the machine.

mod challenger;

use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::error::{Mistake, Origin};
use super::load::Origins;
use super::values::Lifetime;
use super::{
    Limits, Management, Merchant, Passwords, Settings, Tan, TanChannel, Tracing, currency,
    exchanges,
};
use crate::app::outbound_settings;
use crate::clock::Clock;
use crate::http::outbound::{OutboundClient, OutboundUrl};
use crate::legal::LegalDocument;
use crate::random::Random;
use crate::tan::{Channel, Delivery};

/// Longest duration on the wire: 2^53 - 1 microseconds.
const LONGEST: Duration = Duration::from_micros((1 << 53) - 1);

/// Longest wait for a change.
const LONGEST_POLL: Duration = Duration::from_secs(24 * 3600);

/// Every value that is wrong although its type is right.
pub(super) fn check(settings: &Settings, origins: &Origins) -> Vec<Mistake> {
    let mut found = Findings {
        origins,
        mistakes: Vec::new(),
    };
    if settings.database.max_connections == 0 {
        found.add("database.max_connections", "must be at least 1");
    }
    found.positive(
        "database.acquire_timeout",
        settings.database.acquire_timeout,
    );
    check_listeners(settings, &mut found);
    check_merchant(&settings.merchant, &mut found);
    check_sign_up(settings, &mut found);
    challenger::check(settings, &mut found);
    check_passwords(&settings.passwords, &mut found);
    check_limits(&settings.limits, &mut found);
    if let Lifetime::Limited(retention) = settings.audit.retention {
        found.positive("audit.retention", retention);
    }
    if let Err(reason) = OutboundClient::new(&outbound_settings(settings)) {
        found.add("outbound.ca_file", reason);
    }
    check_tan(&settings.tan, &settings.limits, &mut found);
    if !is_level(&settings.log.level) {
        found.add(
            "log.level",
            format!(
                "{:?} is not a log level; write for example \"info\" or \"info,kontor=debug\"",
                settings.log.level
            ),
        );
    }
    check_tracing(&settings.tracing, &mut found);
    if settings.secrets.key_file.as_os_str().is_empty() {
        found.add("secrets.key_file", "needs the name of a file");
    }
    found.mistakes
}

fn check_tracing(tracing: &Tracing, found: &mut Findings<'_>) {
    let Some(endpoint) = &tracing.otlp_endpoint else {
        return;
    };
    if !cfg!(feature = "otel") {
        found.add(
            "tracing.otlp_endpoint",
            "this build of the program sends no traces; leave the key out, or build it with --features otel",
        );
    }
    if let Err(wrong) = OutboundUrl::parse(endpoint.as_str()) {
        found.add("tracing.otlp_endpoint", wrong);
    }
    if tracing.service_name.trim().is_empty() {
        found.add("tracing.service_name", "needs a name");
    }
}

/// Whether each part ends in a level. The filter itself takes a mistyped level for the name of a module, and is silent.
fn is_level(filter: &str) -> bool {
    let ends_in_level = |part: &str| {
        let level = part.rsplit('=').next().unwrap_or(part).trim();
        level.parse::<LevelFilter>().is_ok()
    };
    filter.split(',').all(ends_in_level) && EnvFilter::builder().parse(filter).is_ok()
}

struct Findings<'a> {
    origins: &'a Origins,
    mistakes: Vec<Mistake>,
}

impl Findings<'_> {
    fn add(&mut self, key: &str, problem: impl std::fmt::Display) {
        let path: Vec<&str> = key.split('.').collect();
        self.mistakes.push(Mistake::new(
            self.origins.of(&path),
            format!("{key:?}: {problem}"),
        ));
    }

    fn is_set(&self, key: &str) -> bool {
        let path: Vec<&str> = key.split('.').collect();
        self.origins.of(&path) != Origin::Default
    }

    fn positive(&mut self, key: &str, value: Duration) {
        if value.is_zero() {
            self.add(key, "must be longer than nothing");
        }
    }

    fn sendable(&mut self, key: &str, value: Duration) {
        if value > LONGEST {
            self.add(
                key,
                "must be at most 285 years, the longest duration that clients can read",
            );
        }
    }
}

/// Whether what runs can listen: each at an address of its own, which a port of 0 always is.
fn check_listeners(settings: &Settings, found: &mut Findings<'_>) {
    let (merchant, challenger) = (&settings.merchant, &settings.challenger);
    let Management { enabled, listen } = settings.management;
    let all = [
        ("merchant.listen", merchant.enabled, merchant.listen),
        ("challenger.listen", challenger.enabled, challenger.listen),
        ("management.listen", enabled, listen),
    ];
    let listeners: Vec<_> = all
        .into_iter()
        .filter(|(_, enabled, address)| *enabled && address.port() != 0)
        .map(|(key, _, address)| (key, address))
        .collect();
    for (index, (second, address)) in listeners.iter().enumerate() {
        let mut before = listeners[..index].iter();
        let Some((first, _)) = before.find(|(_, other)| other == address) else {
            continue;
        };
        let (key, other) = match found.is_set(second) {
            true => (second, first),
            false => (first, second),
        };
        found.add(
            key,
            format!("is the same address as {other:?} ({address}); each needs one of its own"),
        );
    }
    if let Err(reason) = merchant.public_url() {
        found.add("merchant.public_url", reason);
    }
}

fn check_merchant(merchant: &Merchant, found: &mut Findings<'_>) {
    if let Err(reason) = currency::check_code(&merchant.currency) {
        found.add("merchant.currency", reason);
    }
    for (code, set) in &merchant.currencies {
        let section = format!("merchant.currencies.{code}");
        if let Err(reason) = currency::check_code(code) {
            found.add(&section, reason);
        }
        for (key, problem) in currency::check_override(code, set) {
            found.add(&format!("{section}.{key}"), problem);
        }
    }
    for problem in exchanges::check(merchant) {
        let origin = found.origins.of(&["merchant", "exchanges"]);
        found.mistakes.push(Mistake::new(origin, problem));
    }
    found.sendable("merchant.default_pay_delay", merchant.default_pay_delay);
    found.sendable(
        "merchant.default_refund_delay",
        merchant.default_refund_delay,
    );
    found.sendable(
        "merchant.default_wire_transfer_delay",
        merchant.default_wire_transfer_delay,
    );
    found.positive(
        "merchant.token_lifetime_default",
        merchant.token_lifetime_default,
    );
    found.sendable(
        "merchant.token_lifetime_default",
        merchant.token_lifetime_default,
    );
    if let Lifetime::Limited(longest) = merchant.token_lifetime_max {
        found.sendable("merchant.token_lifetime_max", longest);
        if merchant.token_lifetime_default > longest {
            found.add(
                "merchant.token_lifetime_default",
                "must not be longer than \"merchant.token_lifetime_max\"",
            );
        }
    }
    check_folder("merchant.terms", merchant.terms.as_ref(), found);
    check_folder("merchant.privacy", merchant.privacy.as_ref(), found);
}

/// Whoever signs up must be able to receive the codes that are demanded.
fn check_sign_up(settings: &Settings, found: &mut Findings<'_>) {
    let merchant = &settings.merchant;
    let has = |channel| match channel {
        TanChannel::Email => settings.tan.sends(Channel::Email),
        TanChannel::Sms => settings.tan.sends(Channel::Sms),
    };
    let mandatory = merchant.mandatory_tan_channels.iter().copied();
    let has_twice = mandatory
        .clone()
        .enumerate()
        .any(|(index, channel)| merchant.mandatory_tan_channels[..index].contains(&channel));
    if has_twice {
        found.add("merchant.mandatory_tan_channels", "names a channel twice");
    }
    if merchant.self_provisioning
        && let Some(missing) = mandatory.into_iter().find(|channel| !has(*channel))
    {
        let section = match missing {
            TanChannel::Email => "tan.email",
            TanChannel::Sms => "tan.sms",
        };
        found.add(
            "merchant.mandatory_tan_channels",
            format!("needs {section:?} to be set up, since \"merchant.self_provisioning\" is on: nobody could sign up"),
        );
    }
}

fn check_folder(key: &str, folder: Option<&PathBuf>, found: &mut Findings<'_>) {
    let Some(folder) = folder else { return };
    if !folder.is_dir() {
        found.add(key, format!("{} is not a folder", folder.display()));
    } else if let Err(reason) = LegalDocument::load(folder, None) {
        found.add(key, reason);
    }
}

fn check_passwords(passwords: &Passwords, found: &mut Findings<'_>) {
    let Passwords {
        memory_kib,
        iterations,
        parallelism,
        queue,
        ..
    } = *passwords;
    let numbers = [
        ("iterations", iterations),
        ("parallelism", parallelism),
        ("queue", queue),
    ];
    for (key, _) in numbers.iter().filter(|(_, value)| *value == 0) {
        found.add(&format!("passwords.{key}"), "must be at least 1");
    }
    if let Err(reason) =
        argon2::Params::new(memory_kib, iterations.max(1), parallelism.max(1), None)
    {
        found.add(
            "passwords.memory_kib",
            format!("argon2 does not take these numbers ({reason})"),
        );
    }
}

fn check_limits(limits: &Limits, found: &mut Findings<'_>) {
    if limits.body_size < 1024 {
        found.add("limits.body_size", "must be at least 1 KiB");
    }
    if limits.login_failures == 0 {
        found.add("limits.login_failures", "must be at least 1");
    }
    for (key, value) in [("sign_ups", limits.sign_ups), ("resets", limits.resets)] {
        if value == 0 {
            found.add(&format!("limits.{key}"), "must be at least 1");
        }
    }
    found.positive("limits.request_timeout", limits.request_timeout);
    found.positive("limits.login_window", limits.login_window);
    if limits.long_poll > LONGEST_POLL {
        found.add("limits.long_poll", "must be at most 1 day");
    }
    if limits.connections == 0 {
        found.add("limits.connections", "must be at least 1");
    }
}

fn check_tan(tan: &Tan, limits: &Limits, found: &mut Findings<'_>) {
    let lifetimes = [
        ("tan.lifetime", Some(tan.lifetime)),
        ("tan.email.lifetime", tan.email.lifetime),
        ("tan.sms.lifetime", tan.sms.lifetime),
        ("tan.post.lifetime", Some(tan.post.lifetime)),
    ];
    for (key, lifetime) in lifetimes {
        if let Some(lifetime) = lifetime {
            found.positive(key, lifetime);
            found.sendable(key, lifetime);
        }
    }
    found.sendable("tan.retransmission", tan.retransmission);
    found.sendable("tan.post.retransmission", tan.post.retransmission);
    found.positive("tan.command_timeout", tan.command_timeout);
    let numbers = [
        ("guesses", tan.guesses),
        ("daily_limit", tan.daily_limit),
        ("daily_resets", tan.daily_resets),
        ("daily_sign_ups", tan.daily_sign_ups),
        ("concurrency", tan.concurrency),
    ];
    for (key, _) in numbers.iter().filter(|(_, value)| *value == 0) {
        found.add(&format!("tan.{key}"), "must be at least 1");
    }
    match Delivery::start(tan, &Clock::system(), &Random::system()) {
        Err(wrong) => found.add(&wrong.key, wrong.reason),
        Ok(delivery) if is_slow(&delivery, tan, limits) => found.add(
            "tan.command_timeout",
            "must be shorter than two thirds of \"limits.request_timeout\": a message may wait half of it for its turn",
        ),
        Ok(_) => {}
    }
}

/// Whether requests can end while what they send is still on its way.
fn is_slow(delivery: &Delivery, tan: &Tan, limits: &Limits) -> bool {
    let longest = tan.command_timeout.saturating_add(tan.command_timeout / 2);
    longest >= limits.request_timeout
        && Channel::ALL
            .into_iter()
            .any(|channel| delivery.is_configured(channel))
}
