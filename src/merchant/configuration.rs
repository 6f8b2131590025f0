//! What a client should know of this server before anything else.

use std::collections::BTreeMap;

use kontor_openapi::{
    merchant::{
        ConfigurationApi, CurrencySpecification, ExchangeConfigInfo, GetConfigReply,
        MerchantPersona, MerchantVersionResponse, MerchantVersionResponseName,
        OpenDocumentationReply,
    },
    scalar::RelativeTime,
};

use super::{
    Merchant, Visitor,
    instance::{relative_time, rounding_interval},
    login::micros,
};
use crate::{
    config::{Currency, Exchange, Persona},
    error::Error,
    mfa::wire_channel,
};

/// The protocol that this server speaks: current, revision, age.
pub const PROTOCOL: &str = "32:0:20";

/// The name of this software in `/config`.
const IMPLEMENTATION: &str = "urn:net:taler:specs:taler-merchant:kontor";

impl ConfigurationApi for Merchant {
    async fn get_config(&self, _visitor: Visitor) -> Result<GetConfigReply, Error> {
        let settings = &self.app.settings.merchant;
        let delay = |duration| -> RelativeTime { relative_time(micros(duration)) };
        Ok(GetConfigReply::Ok(MerchantVersionResponse {
            version: PROTOCOL.to_owned(),
            name: MerchantVersionResponseName::TalerMerchant,
            implementation: IMPLEMENTATION.to_owned(),
            currency: settings.currency.clone(),
            default_persona: persona(settings.default_persona),
            currencies: settings
                .all_currencies()
                .into_iter()
                .map(specification)
                .collect::<Result<_, _>>()?,
            report_generators: BTreeMap::new(),
            phone_regex: settings
                .phone_regex
                .as_ref()
                .map(|regex| regex.as_str().to_owned()),
            exchanges: settings.enabled_exchanges().map(exchange).collect(),
            have_self_provisioning: settings.self_provisioning,
            have_donau: false,
            mandatory_tan_channels: Some(
                self.app
                    .mandatory_channels
                    .iter()
                    .map(|channel| wire_channel(*channel))
                    .collect(),
            ),
            payment_target_types: settings.payment_target_types.join(" "),
            payment_target_regex: settings
                .payment_target_regex
                .as_ref()
                .map(|regex| regex.as_str().to_owned()),
            default_pay_delay: delay(settings.default_pay_delay),
            default_refund_delay: delay(settings.default_refund_delay),
            default_wire_transfer_delay: delay(settings.default_wire_transfer_delay),
            default_wire_transfer_rounding_interval: rounding_interval(
                settings.default_wire_transfer_rounding_interval,
            ),
        }))
    }

    async fn open_documentation(&self, _visitor: Visitor) -> Result<OpenDocumentationReply, Error> {
        Ok(OpenDocumentationReply::Found {
            location: Some(format!("{}docs/", self.app.public_url)),
        })
    }
}

fn exchange(exchange: &Exchange) -> ExchangeConfigInfo {
    ExchangeConfigInfo {
        base_url: exchange.base_url.to_string(),
        currency: exchange.currency.clone(),
        master_pub: exchange.master_key,
    }
}

fn persona(persona: Persona) -> MerchantPersona {
    match persona {
        Persona::Expert => MerchantPersona::Expert,
        Persona::OfflineVendingMachine => MerchantPersona::OfflineVendingMachine,
        Persona::PointOfSale => MerchantPersona::PointOfSale,
        Persona::DigitalPublishing => MerchantPersona::DigitalPublishing,
        Persona::ECommerce => MerchantPersona::ECommerce,
        Persona::Developer => MerchantPersona::Developer,
    }
}

fn specification(
    (code, currency): (String, Currency),
) -> Result<(String, CurrencySpecification), Error> {
    let amounts = currency
        .common_amounts
        .iter()
        .map(|amount| amount.parse())
        .collect::<Result<_, _>>();
    let amounts = amounts
        .map_err(|_| Error::Internal(format!("a common amount of {code} cannot be read")))?;
    let specification = CurrencySpecification {
        name: currency.name,
        currency: code.clone(),
        num_fractional_input_digits: currency.num_fractional_input_digits.into(),
        num_fractional_normal_digits: currency.num_fractional_normal_digits.into(),
        num_fractional_trailing_zero_digits: currency.num_fractional_trailing_zero_digits.into(),
        alt_unit_names: currency.alt_unit_names,
        common_amounts: amounts,
    };
    Ok((code, specification))
}
