//! The payment providers, and how this server gets on with them.

use std::collections::HashMap;

use entity::exchange::Model;
use kontor_openapi::{
    ErrorCode,
    merchant::{ExchangeStatusDetail, ExchangeStatusResponse, ExchangesApi, ListExchangesReply},
};
use serde_json::{Map, Value, json};

use super::{Merchant, Visitor, timestamp};
use crate::{
    config::Exchange,
    db,
    error::Error,
    exchange::{
        self,
        keys::{AccountRestriction, ExchangeAccount},
    },
};

/// What is said of a payment provider that was not asked yet.
const NOT_YET: &str = "the keys were not downloaded yet";

impl ExchangesApi for Merchant {
    async fn list_exchanges(&self, _visitor: Visitor) -> Result<ListExchangesReply, Error> {
        let configured = || self.app.settings.merchant.enabled_exchanges();
        let urls = configured().map(|exchange| exchange.base_url.as_str());
        let rows = db::exchange::find(self.app.database.read(), urls).await?;
        let rows: HashMap<&str, &Model> = rows
            .iter()
            .map(|row| (row.base_url.as_str(), row))
            .collect();
        let now_us = self.app.now_us();
        let status = |exchange: &Exchange| {
            let row = rows.get(exchange.base_url.as_str());
            // What was learnt of another master key says nothing of this one.
            let row = row.filter(|row| row.master_pub == exchange.master_key.0);
            row.map_or_else(|| unknown(exchange, now_us), |row| known(row))
        };
        Ok(ListExchangesReply::Ok(ExchangeStatusResponse {
            exchanges: configured().map(status).collect(),
        }))
    }
}

fn unknown(exchange: &Exchange, now_us: i64) -> ExchangeStatusDetail {
    ExchangeStatusDetail {
        exchange_url: exchange.base_url.to_string(),
        next_download: timestamp(Some(now_us)),
        keys_expiration: None,
        debit_restrictions: Map::new(),
        keys_http_status: 0,
        keys_ec: ErrorCode::MerchantGenericExchangeKeysFailure
            .number()
            .into(),
        keys_hint: NOT_YET.to_owned(),
    }
}

fn known(row: &Model) -> ExchangeStatusDetail {
    let keys = exchange::keys_of(row);
    let was_asked = keys.is_some() || row.error_code != 0;
    let (code, hint) = match was_asked {
        true => (number(row.error_code), row.hint.as_str()),
        false => (
            ErrorCode::MerchantGenericExchangeKeysFailure
                .number()
                .into(),
            NOT_YET,
        ),
    };
    ExchangeStatusDetail {
        exchange_url: row.base_url.clone(),
        next_download: timestamp(Some(row.next_download_at_us)),
        keys_expiration: row.keys_expire_at_us.map(|at_us| timestamp(Some(at_us))),
        debit_restrictions: keys
            .iter()
            .flat_map(|keys| &keys.accounts)
            .map(restriction)
            .collect(),
        keys_http_status: number(row.http_status),
        keys_ec: code,
        keys_hint: hint.to_owned(),
    }
}

/// Neither statuses nor codes are negative.
fn number(stored: i32) -> u64 {
    stored.max(0).unsigned_abs().into()
}

fn restriction(account: &ExchangeAccount) -> (String, Value) {
    let restriction = match account.debit_restriction() {
        None => Value::Null,
        Some(AccountRestriction::Deny | AccountRestriction::Unknown) => json!({ "type": "deny" }),
        Some(AccountRestriction::Regex {
            payto_regex,
            human_hint,
            human_hint_i18n,
        }) => {
            let mut shown = json!({
                "type": "regex", "payto_regex": payto_regex, "human_hint": human_hint,
            });
            if let Some(hints) = human_hint_i18n {
                shown["human_hint_i18n"] = json!(hints);
            }
            shown
        }
    };
    (account.payto_uri.clone(), restriction)
}
