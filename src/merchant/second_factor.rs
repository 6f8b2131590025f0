//! Challenges solved, and contacts made factors.

use entity::challenge::{Channel, Role};
use kontor_openapi::{
    ErrorCode,
    merchant::{
        ChallengeRequest, ChallengeRequestResponse, ChallengeRequestResponseTanChannel,
        ConfirmChallengeReply, MerchantChallengeFailedResponse, MerchantChallengeSolveRequest,
        RequestChallengeReply, SecondFactorApi, ValidateAuthChannelReply, operations,
    },
};

use super::{Caller, Merchant, Visitor, access_tokens::timestamp};
use crate::{
    audit::{Event, MaskedAddress, Recorder},
    db::{self, WriteTransaction, instance::SecondFactors},
    error::Error,
    mfa::{self, Confirmation, Permit, PresentedIds, Protected, Rule},
    tan::Purpose,
};

impl SecondFactorApi for Merchant {
    async fn request_challenge(
        &self,
        visitor: Visitor,
        challenge_id: String,
        accept_language: Option<String>,
        _body: Option<ChallengeRequest>,
    ) -> Result<RequestChallengeReply, Error> {
        let sent = mfa::send_code(
            &self.app,
            &challenge_id,
            visitor.below.as_deref(),
            &visitor.origin,
            accept_language,
        );
        let sent = sent.await?;
        Ok(RequestChallengeReply::Ok(ChallengeRequestResponse {
            solve_expiration: timestamp(Some(sent.expires_at_us)),
            earliest_retransmission: timestamp(Some(sent.next_from_us)),
            tan_channel: match sent.channel {
                Channel::Email => ChallengeRequestResponseTanChannel::Email,
                Channel::Sms => ChallengeRequestResponseTanChannel::Sms,
            },
            tan_info: sent.hint,
        }))
    }

    async fn confirm_challenge(
        &self,
        visitor: Visitor,
        challenge_id: String,
        body: MerchantChallengeSolveRequest,
    ) -> Result<ConfirmChallengeReply, Error> {
        let below = visitor.below.as_deref();
        let origin = &visitor.origin;
        let confirmation = mfa::confirm(&self.app, &challenge_id, below, origin, &body.tan);
        Ok(match confirmation.await? {
            Confirmation::Solved => ConfirmChallengeReply::NoContent,
            Confirmation::Wrong { left } => ConfirmChallengeReply::Conflict(failed(left, None)),
            Confirmation::Expired => ConfirmChallengeReply::Conflict(failed(
                0,
                Some("The code has expired; request a new one."),
            )),
        })
    }

    async fn validate_auth_channel(
        &self,
        caller: Caller,
        channel: String,
        taler_challenge_ids: Option<String>,
        x_challenge_id: Option<String>,
    ) -> Result<ValidateAuthChannelReply, Error> {
        let presented = PresentedIds::read(taler_challenge_ids, x_challenge_id);
        let request = caller
            .confirmable::<operations::ValidateAuthChannel>(Purpose::ConfirmContact, presented)
            .parameter("channel", &channel)?;
        let channel = match channel.as_str() {
            "email" => Channel::Email,
            "sms" => Channel::Sms,
            _ => return Err(Error::PathUnknown),
        };
        let validate = |permit| self.validate(&caller, channel, permit);
        let (asked, rule) = (caller.asked(), Rule::Validation(channel));
        let validated = mfa::protect(&self.app, &request, &asked, rule, validate).await?;
        Ok(match validated {
            Protected::Done(()) => ValidateAuthChannelReply::NoContent,
            Protected::Challenged(challenges) => ValidateAuthChannelReply::Accepted(challenges),
        })
    }
}

impl Merchant {
    /// The contact is the factor once the permit is redeemed; without a contact the factor goes.
    async fn validate(
        &self,
        caller: &Caller,
        channel: Channel,
        permit: Permit,
    ) -> Result<(), Error> {
        let serial = caller.instance.serial;
        let audit = Recorder::new(&self.app, &caller.origin);
        let validated = self.app.database.write(move |transaction| {
            let (audit, permit) = (audit.clone(), permit.clone());
            Box::pin(async move {
                permit.redeem(transaction, &audit).await?;
                drop_without_contact(transaction, serial, channel, &audit).await
            })
        });
        validated.await
    }
}

async fn drop_without_contact(
    transaction: &WriteTransaction,
    serial: i64,
    channel: Channel,
    audit: &Recorder,
) -> Result<(), Error> {
    let stored = db::instance::find_locked(transaction, serial).await?;
    let stored = stored.ok_or(Error::InstanceUnknown)?;
    let factors = SecondFactors::from(&stored);
    if let (None, Some(factor)) = (factors.contact(channel), factors.factor(channel)) {
        db::instance::set_factor(transaction, serial, channel, None).await?;
        db::challenge::end_of_channel(transaction, serial, channel, Role::Factor).await?;
        let channel = mfa::tan_channel(channel);
        let address = MaskedAddress::of(channel, factor);
        let event = Event::FactorDropped { channel, address };
        audit
            .record(transaction, &stored.instance_id, &event)
            .await?;
    }
    Ok(())
}

fn failed(retry_counter: i64, detail: Option<&str>) -> MerchantChallengeFailedResponse {
    let code = ErrorCode::MerchantTanChallengeFailed;
    MerchantChallengeFailedResponse {
        code: code.number().into(),
        hint: code.hint().to_owned(),
        detail: detail.map(str::to_owned),
        retry_counter: retry_counter.unsigned_abs(),
    }
}
