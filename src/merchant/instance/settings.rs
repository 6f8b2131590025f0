//! What the owner of an instance says about it, checked; and as it is stored.

use std::time::Duration;

use entity::{
    challenge::{Channel, Role},
    instance::Model,
};
use kontor_openapi::{
    merchant::{
        InstanceConfigurationMessage, InstanceReconfigurationMessage, Location, RoundingInterval,
    },
    scalar::RelativeTime,
};
use serde_json::Value;

use crate::{
    app::App,
    audit::{Event, MaskedAddress, Origin, Recorder},
    config,
    db::{
        self,
        instance::{InstanceDefaults, InstanceDefaultsChange, InstanceProfile},
    },
    error::Error,
    merchant::login::micros,
    mfa::tan_channel,
};

/// Settings of an instance, checked.
pub struct InstanceSettings {
    pub(super) profile: InstanceProfile,
    changes: InstanceDefaultsChange,
}

impl InstanceSettings {
    /// Checks what the schema cannot say: the phone number's form, and that no delay is for ever.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn new(app: &App, message: InstanceReconfigurationMessage) -> Result<Self, Error> {
        let phone_regex = app.settings.merchant.phone_regex.as_ref();
        if let (Some(regex), Some(number)) = (phone_regex, &message.phone_number)
            && !regex.is_match(number)
        {
            return Err(Error::Malformed {
                parameter: "phone_number",
                reason: "does not match the phone_regex of /config",
            });
        }
        Ok(Self {
            changes: InstanceDefaultsChange {
                pay_delay_us: delay("default_pay_delay", message.default_pay_delay)?,
                refund_delay_us: delay("default_refund_delay", message.default_refund_delay)?,
                wire_transfer_delay_us: delay(
                    "default_wire_transfer_delay",
                    message.default_wire_transfer_delay,
                )?,
                wire_transfer_rounding_interval: message
                    .default_wire_transfer_rounding_interval
                    .map(|interval| interval.to_string()),
            },
            profile: InstanceProfile {
                name: message.name,
                email: message.email,
                phone_number: message.phone_number,
                website: message.website,
                logo: message.logo.map(|logo| logo.to_string()),
                address: json(&message.address)?,
                jurisdiction: json(&message.jurisdiction)?,
                use_stefan: message.use_stefan,
            },
        })
    }

    pub(super) fn defaults_or(&self, app: &App) -> InstanceDefaults {
        let settings = &app.settings.merchant;
        let changes = self.changes.clone();
        let or = |given: Option<i64>, default: Duration| given.unwrap_or_else(|| micros(default));
        InstanceDefaults {
            pay_delay_us: or(changes.pay_delay_us, settings.default_pay_delay),
            refund_delay_us: or(changes.refund_delay_us, settings.default_refund_delay),
            wire_transfer_delay_us: or(
                changes.wire_transfer_delay_us,
                settings.default_wire_transfer_delay,
            ),
            wire_transfer_rounding_interval: changes
                .wire_transfer_rounding_interval
                .unwrap_or_else(|| {
                    rounding_interval(settings.default_wire_transfer_rounding_interval).to_string()
                }),
        }
    }

    /// Stores them; `false` if the instance is deleted or gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn store(self, app: &App, origin: &Origin, serial: i64) -> Result<bool, Error> {
        let Self { profile, changes } = self;
        let audit = Recorder::new(app, origin);
        let stored = app.database.write(move |transaction| {
            let (audit, profile, changes) = (audit.clone(), profile.clone(), changes.clone());
            Box::pin(async move {
                let Some(before) = db::instance::find_locked(transaction, serial).await? else {
                    return Ok(false);
                };
                let contacts = changed_contacts(&before, &profile);
                for (channel, _) in &contacts {
                    let role = Role::Contact;
                    db::challenge::end_of_channel(transaction, serial, *channel, role).await?;
                }
                if !db::instance::update(transaction, serial, &profile, &changes).await? {
                    return Ok(false);
                }
                let changed = contacts.iter().map(contact_changed);
                for event in [Event::InstanceChanged].into_iter().chain(changed) {
                    audit
                        .record(transaction, &before.instance_id, &event)
                        .await?;
                }
                Ok::<_, Error>(true)
            })
        });
        stored.await
    }
}

/// The channels whose contact is another one now, with that. Codes to the old one prove nothing any more.
fn changed_contacts(before: &Model, profile: &InstanceProfile) -> Vec<(Channel, Option<String>)> {
    let contacts = [
        (Channel::Email, &before.email, &profile.email),
        (Channel::Sms, &before.phone_number, &profile.phone_number),
    ];
    let changed = contacts.into_iter().filter(|(_, old, new)| old != new);
    changed
        .map(|(channel, _, new)| (channel, new.clone()))
        .collect()
}

fn contact_changed((channel, contact): &(Channel, Option<String>)) -> Event {
    let channel = tan_channel(*channel);
    let contact = contact.as_deref();
    let contact = contact.filter(|contact| !contact.trim().is_empty());
    Event::ContactChanged {
        channel,
        address: contact.map(|contact| MaskedAddress::of(channel, contact)),
    }
}

pub(super) fn settings_of(message: InstanceConfigurationMessage) -> InstanceReconfigurationMessage {
    InstanceReconfigurationMessage {
        name: message.name,
        email: message.email,
        phone_number: message.phone_number,
        website: message.website,
        logo: message.logo,
        address: message.address,
        jurisdiction: message.jurisdiction,
        use_stefan: message.use_stefan,
        default_pay_delay: message.default_pay_delay,
        default_refund_delay: message.default_refund_delay,
        default_wire_transfer_delay: message.default_wire_transfer_delay,
        default_wire_transfer_rounding_interval: message.default_wire_transfer_rounding_interval,
    }
}

fn delay(parameter: &'static str, time: Option<RelativeTime>) -> Result<Option<i64>, Error> {
    match time {
        None => Ok(None),
        Some(RelativeTime::Microseconds(microseconds)) => Ok(i64::try_from(microseconds).ok()),
        Some(RelativeTime::Forever) => Err(Error::Malformed {
            parameter,
            reason: "may not be \"forever\"",
        }),
    }
}

fn json(location: &Location) -> Result<Value, Error> {
    serde_json::to_value(location).map_err(|error| Error::Internal(error.to_string()))
}

/// The rounding interval of the configuration in the document's type.
pub fn rounding_interval(interval: config::RoundingInterval) -> RoundingInterval {
    use config::RoundingInterval as Config;
    match interval {
        Config::None => RoundingInterval::None,
        Config::Second => RoundingInterval::Second,
        Config::Minute => RoundingInterval::Minute,
        Config::Hour => RoundingInterval::Hour,
        Config::Day => RoundingInterval::Day,
        Config::Week => RoundingInterval::Week,
        Config::Month => RoundingInterval::Month,
        Config::Quarter => RoundingInterval::Quarter,
        Config::Year => RoundingInterval::Year,
    }
}

pub(super) fn profile_of(stored: &Model) -> InstanceProfile {
    InstanceProfile {
        name: stored.name.clone(),
        email: stored.email.clone(),
        phone_number: stored.phone_number.clone(),
        website: stored.website.clone(),
        logo: stored.logo.clone(),
        address: stored.address.clone(),
        jurisdiction: stored.jurisdiction.clone(),
        use_stefan: stored.use_stefan,
    }
}

pub(super) fn defaults_of(stored: &Model) -> InstanceDefaults {
    InstanceDefaults {
        pay_delay_us: stored.default_pay_delay_us,
        refund_delay_us: stored.default_refund_delay_us,
        wire_transfer_delay_us: stored.default_wire_transfer_delay_us,
        wire_transfer_rounding_interval: stored.default_wire_transfer_rounding_interval.clone(),
    }
}
