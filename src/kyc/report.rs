//! How the accounts of an instance stand with the payment providers: what the API shows.

use entity::{bank_account, exchange, instance, kyc_check};
use kontor_openapi::{
    merchant::{AccountLimit, MerchantAccountKycRedirect, PaytoUri},
    scalar::{EddsaPublicKey, HashCode},
};
use serde_json::Value;

use super::{
    account::{is_supported, reachable},
    standing::{Provider, standing, wants_transfer},
    token,
    transfer::{ProvingTransfer, proving_transfers},
};
use crate::{
    app::App,
    config::Exchange,
    db,
    domain::payto::Payto,
    error::Error,
    exchange::{keys::ExchangeKeys, usable_keys},
};

/// Which entries are wanted; `None`: all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of this account.
    pub h_wire: Option<HashCode>,
    /// Those of this payment provider.
    pub exchange_url: Option<String>,
}

/// One entry for each active account and payment provider, in the order of the accounts and of the configuration.
///
/// # Errors
/// [`Error::AccountUnknown`] if the instance never had the account that is asked for; [`Error::Internal`] for stored values
/// that cannot be read.
pub async fn entries(
    app: &App,
    instance: &instance::Model,
    filter: &Filter,
) -> Result<Vec<MerchantAccountKycRedirect>, Error> {
    let connection = app.database.read();
    let mut accounts = db::bank_account::list(connection, instance.serial).await?;
    if let Some(h_wire) = filter.h_wire {
        accounts.retain(|account| account.h_wire == h_wire.0);
        if accounts.is_empty() {
            return Err(Error::AccountUnknown);
        }
    }
    accounts.retain(|account| account.is_active);
    let providers = providers(app, filter).await?;
    if accounts.is_empty() || providers.is_empty() {
        return Ok(Vec::new());
    }
    let checks = db::kyc_check::of_instance(connection, instance.serial).await?;
    let merchant_pub = crate::merchant::public_key(instance)?;
    let mut entries = Vec::with_capacity(accounts.len() * providers.len());
    for account in &accounts {
        for provider in &providers {
            let last = checks.iter().find(|check| {
                check.account_serial == account.serial
                    && check.checked_at_us.is_some()
                    && check.exchange_url == provider.exchange.base_url.as_str()
            });
            entries.push(provider.entry(app, account, last, merchant_pub)?);
        }
    }
    Ok(entries)
}

/// A payment provider with what it says of itself.
struct KnownProvider<'a> {
    exchange: &'a Exchange,
    row: Option<exchange::Model>,
    keys: Option<ExchangeKeys>,
}

async fn providers<'a>(app: &'a App, filter: &Filter) -> Result<Vec<KnownProvider<'a>>, Error> {
    let wanted = |exchange: &&Exchange| {
        let url = filter.exchange_url.as_deref();
        url.is_none_or(|url| exchange.is_at(url))
    };
    let configured: Vec<_> = app
        .settings
        .merchant
        .enabled_exchanges()
        .filter(wanted)
        .collect();
    let urls = configured.iter().map(|exchange| exchange.base_url.as_str());
    let rows = db::exchange::find(app.database.read(), urls).await?;
    let known = configured.into_iter().map(|exchange| {
        let row = rows
            .iter()
            .find(|row| row.base_url == exchange.base_url.as_str());
        KnownProvider {
            exchange,
            row: row.cloned(),
            keys: row.and_then(|row| usable_keys(row, app.now_us())),
        }
    });
    Ok(known.collect())
}

impl KnownProvider<'_> {
    fn entry(
        &self,
        app: &App,
        account: &bank_account::Model,
        last: Option<&kyc_check::Model>,
        merchant_pub: EddsaPublicKey,
    ) -> Result<MerchantAccountKycRedirect, Error> {
        let payto = Payto::parse(&account.payto_uri);
        let payto = payto.map_err(|reason| Error::Internal(reason.to_string()))?;
        // What was said once does not count where nothing is known of the payment provider any more.
        let last = last.filter(|_| self.keys.is_some());
        let status = standing(self.standing(&payto), last);
        let transfers = match &self.keys {
            Some(keys) if wants_transfer(status) => proving_transfers(keys, &payto, merchant_pub),
            _ => Vec::new(),
        };
        let (http_status, code) = self.answer(last);
        let h_wire = <[u8; 64]>::try_from(&account.h_wire[..]).map(HashCode);
        Ok(MerchantAccountKycRedirect {
            status,
            payto_uri: PaytoUri(account.payto_uri.clone()),
            h_wire: h_wire.map_err(|_| Error::Internal("a stored wire hash".to_owned()))?,
            exchange_url: self.exchange.base_url.to_string(),
            exchange_currency: self.exchange.currency.clone(),
            exchange_http_status: http_status,
            no_keys: self.keys.is_none(),
            auth_conflict: wants_transfer(status) && transfers.is_empty(),
            exchange_code: (code != 0).then_some(code),
            access_token: last
                .map(|last| token::open(&app.keyring, last))
                .transpose()?
                .flatten()
                .map(|token| token.to_string()),
            limits: last
                .and_then(|last| last.limits.as_ref())
                .map(limits)
                .transpose()?,
            payto_kycauths: (!transfers.is_empty())
                .then(|| transfers.iter().map(ProvingTransfer::payto_uri).collect()),
        })
    }

    fn standing(&self, payto: &Payto) -> Provider {
        match &self.keys {
            Some(keys) => Provider::Known {
                asks: keys.kyc_enabled,
                supports_account: is_supported(keys, payto),
                can_be_sent_to: reachable(keys, payto).next().is_some(),
            },
            None => Provider::Unknown {
                tried: self.row.as_ref().is_some_and(was_asked),
                http_status: self
                    .row
                    .as_ref()
                    .map_or(0, |row| u16::try_from(row.http_status).unwrap_or(0)),
            },
        }
    }

    /// Status and code of the last answer: about the account, or else about the payment provider itself.
    fn answer(&self, last: Option<&kyc_check::Model>) -> (u64, u64) {
        match (last, &self.row) {
            (Some(last), _) => numbers(last.http_status, last.error_code),
            (None, Some(row)) if self.keys.is_none() || !self.asks() => {
                numbers(row.http_status, row.error_code)
            }
            _ => (0, 0),
        }
    }

    fn asks(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.kyc_enabled)
    }
}

fn numbers(http_status: i32, error_code: i32) -> (u64, u64) {
    let number = |value: i32| u64::try_from(value).unwrap_or(0);
    (number(http_status), number(error_code))
}

/// Whether its keys were asked for, with whatever outcome.
fn was_asked(row: &exchange::Model) -> bool {
    row.failures > 0 || row.downloaded_at_us.is_some()
}

fn limits(stored: &Value) -> Result<Vec<AccountLimit>, Error> {
    serde_json::from_value(stored.clone()).map_err(|error| Error::Internal(error.to_string()))
}
