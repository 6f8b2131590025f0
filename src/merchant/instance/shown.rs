//! An instance as the API shows it.

use entity::{challenge::Channel, credential::Method, instance::Model};
use kontor_openapi::{
    merchant::{AuthMethod, Location, QueryInstancesAuth, QueryInstancesResponse},
    scalar::{EddsaPublicKey, ImageDataUrl, RelativeTime},
};
use serde_json::Value;

use crate::{db::instance::SecondFactors, error::Error};

/// An instance as the API shows it.
///
/// # Errors
/// [`Error::Internal`] for a stored value that cannot be read.
pub fn shown(stored: Model, method: Method) -> Result<QueryInstancesResponse, Error> {
    let defect = |what: &str| {
        Error::Internal(format!(
            "the stored {what} of instance {} cannot be read",
            stored.serial
        ))
    };
    let location = |value: &Value| {
        serde_json::from_value::<Location>(value.clone()).map_err(|_| defect("address"))
    };
    let factors = SecondFactors::from(&stored);
    let validated = |channel| {
        let contact = factors.contact(channel);
        contact.map(|_| factors.is_validated(channel))
    };
    Ok(QueryInstancesResponse {
        address: location(&stored.address)?,
        jurisdiction: location(&stored.jurisdiction)?,
        logo: logo(&stored)?,
        merchant_pub: public_key(&stored)?,
        default_wire_transfer_rounding_interval: stored
            .default_wire_transfer_rounding_interval
            .parse()
            .map_err(|_| defect("rounding interval"))?,
        default_pay_delay: relative_time(stored.default_pay_delay_us),
        default_refund_delay: relative_time(stored.default_refund_delay_us),
        default_wire_transfer_delay: relative_time(stored.default_wire_transfer_delay_us),
        email_validated: validated(Channel::Email),
        phone_validated: validated(Channel::Sms),
        name: stored.name,
        email: stored.email,
        phone_number: stored.phone_number,
        website: stored.website,
        use_stefan: stored.use_stefan,
        auth: QueryInstancesAuth {
            method: match method {
                Method::Token => AuthMethod::Token,
                Method::External => AuthMethod::External,
            },
        },
    })
}

/// The logo, as it was checked when it was stored.
pub fn logo(stored: &Model) -> Result<Option<ImageDataUrl>, Error> {
    let logo = stored.logo.as_deref().map(str::parse).transpose();
    logo.map_err(|_| {
        Error::Internal(format!(
            "the stored logo of instance {} cannot be read",
            stored.serial
        ))
    })
}

/// The public key.
pub fn public_key(stored: &Model) -> Result<EddsaPublicKey, Error> {
    let key = <[u8; 32]>::try_from(&stored.merchant_pub[..]).map(EddsaPublicKey);
    key.map_err(|_| {
        Error::Internal(format!(
            "the stored public key of instance {} cannot be read",
            stored.serial
        ))
    })
}

/// Microseconds as a length of time of the API.
pub fn relative_time(microseconds: i64) -> RelativeTime {
    RelativeTime::Microseconds(microseconds.max(0).unsigned_abs())
}
