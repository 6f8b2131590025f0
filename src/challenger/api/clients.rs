//! What a client does.

use std::collections::BTreeMap;

use kontor_openapi::{
    ApiError,
    challenger::{
        AddressType, ChallengeSetupRequest, ChallengeSetupResponse, ChallengerAuthResponse,
        ChallengerAuthResponseTokenType, ChallengerInfoResponse, ChallengerTokenRequest,
        ClientsApi, GetValidatedAddressReply, RedeemCodeReply, SetUpValidationReply,
    },
    scalar::SecretText,
};
use serde_json::Value;

use super::configuration::wire_type;
use crate::{
    challenger::{Caller, Challenger, SetUp, Visitor, address, error::Error, set_up},
    merchant::timestamp,
};

impl ClientsApi for Challenger {
    async fn set_up_validation(
        &self,
        caller: Caller,
        _client_id: String,
        body: Option<ChallengeSetupRequest>,
    ) -> Result<SetUpValidationReply, ApiError> {
        let client = caller.client()?;
        let setup = body.map_or_else(SetUp::default, |body| SetUp {
            address: body.others,
            is_read_only: body.read_only.unwrap_or(false),
        });
        let nonce = set_up(&self.app, &self.rules, client.serial, setup)
            .await
            .inspect_err(|error| self.count_refusal(error))?;
        Ok(SetUpValidationReply::Ok(ChallengeSetupResponse {
            nonce: nonce.as_str().to_owned(),
        }))
    }

    async fn redeem_code(
        &self,
        visitor: Visitor,
        body: ChallengerTokenRequest,
    ) -> Result<RedeemCodeReply, ApiError> {
        let token = self.redeem(&visitor.headers, &body).await?;
        Ok(RedeemCodeReply::Ok {
            body: ChallengerAuthResponse {
                access_token: SecretText::from(token.text.to_string()),
                token_type: ChallengerAuthResponseTokenType::Bearer,
                expires_in: token.expires_in,
            },
            cache_control: Some("no-store".to_owned()),
            pragma: Some("no-cache".to_owned()),
        })
    }

    async fn get_validated_address(
        &self,
        caller: Caller,
    ) -> Result<GetValidatedAddressReply, ApiError> {
        let grant = caller.grant()?;
        Ok(GetValidatedAddressReply::Ok(ChallengerInfoResponse {
            id: grant.serial.unsigned_abs(),
            address: texts(&grant.address),
            address_type: stored_type(&grant.address_type)?,
            expires: timestamp(Some(grant.address_expires_at_us)),
        }))
    }
}

fn stored_type(text: &str) -> Result<AddressType, Error> {
    let known: Result<address::AddressType, _> = text.parse();
    known
        .map(wire_type)
        .map_err(|_| Error::Internal("a stored address has a type that is not known".to_owned()))
}

/// A stored address as the document has it.
pub(super) fn texts(address: &Value) -> BTreeMap<String, String> {
    let members = address.as_object().into_iter().flatten();
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    members.filter_map(text).collect()
}
