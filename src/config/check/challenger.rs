//! What `[challenger]` must be, and what it needs of the other sections.

use super::{Findings, check_folder};
use crate::challenger::address::Rules;
use crate::config::{Challenger, Settings, duration};

/// Longest example of an address, in characters.
const LONGEST_HINT: usize = 200;

pub(super) fn check(settings: &Settings, found: &mut Findings<'_>) {
    let challenger = &settings.challenger;
    if let Err(reason) = challenger.public_url() {
        found.add("challenger.public_url", reason);
    }
    if let Err(wrong) = Rules::new(challenger) {
        found.add(&wrong.key, wrong.reason);
    }
    let hint = challenger.address_hint();
    if hint.trim().is_empty()
        || hint.chars().count() > LONGEST_HINT
        || hint.contains(char::is_control)
    {
        found.add(
            "challenger.address_hint",
            format!("must be one line of 1 to {LONGEST_HINT} characters"),
        );
    }
    check_numbers(challenger, found);
    check_folder("challenger.terms", challenger.terms.as_ref(), found);
    check_folder("challenger.privacy", challenger.privacy.as_ref(), found);
    if challenger.enabled {
        check_sending(settings, found);
    }
}

fn check_numbers(challenger: &Challenger, found: &mut Findings<'_>) {
    let durations = [
        (
            "challenger.validation_duration",
            challenger.validation_duration,
        ),
        ("challenger.code_lifetime", challenger.code_lifetime),
        ("challenger.token_lifetime", challenger.token_lifetime),
        ("challenger.address_validity", challenger.address_validity),
    ];
    for (key, value) in durations {
        found.positive(key, value);
        found.sendable(key, value);
    }
    let counts = [
        ("challenger.address_changes", challenger.address_changes),
        ("challenger.transmissions", challenger.transmissions),
    ];
    for (key, _) in counts
        .iter()
        .filter(|(_, count)| !(1..=100).contains(count))
    {
        found.add(key, "must be 1 to 100");
    }
    if challenger.open_validations == 0 {
        found.add("challenger.open_validations", "must be at least 1");
    }
}

/// Whether codes can be sent to addresses of the type, and be used in time.
fn check_sending(settings: &Settings, found: &mut Findings<'_>) {
    let challenger = &settings.challenger;
    let address_type = challenger.address_type;
    let channel = address_type.channel();
    if !settings.tan.sends(channel) {
        found.add(
            "challenger.enabled",
            format!(
                "needs \"tan.{channel}\" to be set up: nobody could prove an address of the type {:?}",
                address_type.as_str()
            ),
        );
    }
    let lifetime = settings.tan.lifetime(channel);
    if challenger.validation_duration <= lifetime {
        found.add(
            "challenger.validation_duration",
            format!(
                "must be longer than a code can be used that is sent on the channel {channel}, which is {}",
                duration::print(lifetime)
            ),
        );
    }
}
