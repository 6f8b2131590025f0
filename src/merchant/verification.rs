//! How far the payment providers know who is behind the accounts.

use kontor_openapi::{
    merchant::{
        GetInstanceKycStatusOkContent, GetInstanceKycStatusReply, GetKycStatusOkContent,
        GetKycStatusReply, KycAuthExchangeSelectionRequest, KycAuthWireTransferInstructionResponse,
        KycStatus, PrepareKycTransferReply, TransferSubject, TransferSubjectType, VerificationApi,
        WireTransferInstructionDetail,
    },
    scalar::HashCode,
};

use super::{Caller, Merchant, access_tokens::timestamp, accounts::wire_hash, kyc_status};
use crate::{
    domain::payto::Payto,
    error::Error,
    exchange,
    kyc::{report::Filter, transfer::proving_transfers},
};
use kyc_status::{Awaited, Body, Shown, StatusQuery};

/// The two operations differ in nothing but whose accounts they show, and the names of their types.
macro_rules! reply {
    ($reply:ident, $content:ident, $shown:expr) => {{
        let vary = Some("Accept".to_owned());
        match $shown {
            Shown::Nothing => $reply::NoContent,
            Shown::Known { etag } => $reply::NotModified {
                etag: Some(etag),
                vary,
            },
            Shown::Entries { body, etag } => $reply::Ok {
                body: match body {
                    Body::Json(entries) => $content::Json(entries),
                    Body::Text(text) => $content::Plain(text),
                },
                etag: Some(etag),
                vary,
            },
        }
    }};
}

impl VerificationApi for Merchant {
    async fn get_kyc_status(
        &self,
        caller: Caller,
        h_wire: Option<HashCode>,
        exchange_url: Option<String>,
        timeout_ms: Option<u64>,
        lp_status: Option<KycStatus>,
        lp_not_status: Option<KycStatus>,
        lp_not_etag: Option<String>,
        lpt: Option<u64>,
        if_none_match: Option<String>,
    ) -> Result<GetKycStatusReply, Error> {
        let query = StatusQuery {
            filter: Filter {
                h_wire,
                exchange_url,
            },
            awaited: Awaited::new(lp_status, lp_not_status, lp_not_etag, lpt)?,
            timeout_ms,
            if_none_match,
        };
        let instance = self.stored(&caller).await?;
        let shown = kyc_status::show(&self.app, &caller, &instance, query).await?;
        Ok(reply!(GetKycStatusReply, GetKycStatusOkContent, shown))
    }

    async fn get_instance_kyc_status(
        &self,
        caller: Caller,
        instance: String,
        h_wire: Option<HashCode>,
        exchange_url: Option<String>,
        timeout_ms: Option<u64>,
        lp_status: Option<KycStatus>,
        lp_not_status: Option<KycStatus>,
        lp_not_etag: Option<String>,
        lpt: Option<u64>,
        if_none_match: Option<String>,
    ) -> Result<GetInstanceKycStatusReply, Error> {
        let query = StatusQuery {
            filter: Filter {
                h_wire,
                exchange_url,
            },
            awaited: Awaited::new(lp_status, lp_not_status, lp_not_etag, lpt)?,
            timeout_ms,
            if_none_match,
        };
        let instance = self.managed(&instance).await?;
        let shown = kyc_status::show(&self.app, &caller, &instance, query).await?;
        Ok(reply!(
            GetInstanceKycStatusReply,
            GetInstanceKycStatusOkContent,
            shown
        ))
    }

    async fn prepare_kyc_transfer(
        &self,
        caller: Caller,
        h_wire: String,
        body: KycAuthExchangeSelectionRequest,
    ) -> Result<PrepareKycTransferReply, Error> {
        let stored = self.account(&caller, wire_hash(&h_wire)?).await?;
        let payto = Payto::parse(&stored.payto_uri);
        let payto = payto.map_err(|reason| Error::Internal(reason.to_string()))?;
        let trusted = self.app.settings.merchant.enabled_exchanges();
        let mut trusted = trusted.filter(|exchange| exchange.is_at(&body.exchange_url));
        let exchange = trusted.next().ok_or(Error::ExchangeUntrusted)?;
        let usable = exchange::usable_or_fetched(&self.app, exchange).await?;
        let Some(usable) = usable else {
            let hint = exchange::hint(&self.app, exchange).await?;
            return Err(Error::ExchangeUnreachable(hint));
        };
        if !usable.keys.knows_proving_transfers() {
            return Err(Error::ExchangeTooOld);
        }
        let instance = self.stored(&caller).await?;
        let merchant_pub = super::public_key(&instance)?;
        let transfers = proving_transfers(&usable.keys, &payto, merchant_pub);
        if transfers.is_empty() {
            return Err(Error::AccountNotEligible);
        }
        let expiration = timestamp(Some(usable.expire_at_us));
        let wire_instructions = transfers
            .into_iter()
            .map(|transfer| WireTransferInstructionDetail {
                amount: transfer.amount.clone(),
                target_payto: transfer.target_payto,
                subject: TransferSubject {
                    r#type: TransferSubjectType::Simple,
                    credit_amount: transfer.amount,
                    subject: transfer.subject,
                },
                expiration,
            })
            .collect();
        Ok(PrepareKycTransferReply::Ok(
            KycAuthWireTransferInstructionResponse { wire_instructions },
        ))
    }
}
