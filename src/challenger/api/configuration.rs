//! What a client should know of this service before anything else.

use std::collections::BTreeMap;

use kontor_openapi::{
    ApiError,
    challenger::{
        AddressType, ChallengerConfigurationResponse, ChallengerConfigurationResponseName,
        ConfigurationApi, GetChallengerConfigReply, Restriction,
    },
};

use crate::challenger::{Challenger, Visitor, address};

/// The protocol that this server speaks: current, revision, age.
pub const PROTOCOL: &str = "8:0:6";

/// The name of this software in `/config`.
const IMPLEMENTATION: &str = "urn:net:taler:specs:challenger:kontor";

impl ConfigurationApi for Challenger {
    async fn get_challenger_config(
        &self,
        _visitor: Visitor,
    ) -> Result<GetChallengerConfigReply, ApiError> {
        let restrictions = self.rules.restrictions().iter();
        Ok(GetChallengerConfigReply::Ok(
            ChallengerConfigurationResponse {
                name: ChallengerConfigurationResponseName::Challenger,
                version: PROTOCOL.to_owned(),
                implementation: Some(IMPLEMENTATION.to_owned()),
                restrictions: restrictions
                    .map(|(field, set)| (field.as_str().to_owned(), restriction(set)))
                    .collect(),
                address_type: wire_type(self.rules.address_type()),
                address_hint: self.app.settings.challenger.address_hint().to_owned(),
            },
        ))
    }
}

fn restriction(set: &address::Restriction) -> Restriction {
    Restriction {
        regex: Some(set.regex().to_owned()),
        hint: set.hint().map(str::to_owned),
        hint_i18n: Some(BTreeMap::clone(set.hint_i18n())).filter(|hints| !hints.is_empty()),
    }
}

/// A type of address as the document names it.
pub(super) const fn wire_type(address_type: address::AddressType) -> AddressType {
    match address_type {
        address::AddressType::Email => AddressType::Email,
        address::AddressType::Phone => AddressType::Phone,
        address::AddressType::Postal => AddressType::Postal,
        address::AddressType::PostalCh => AddressType::PostalCh,
    }
}
