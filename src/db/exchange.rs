//! The payment providers.

use entity::exchange::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::{DatabaseError, Topic, WriteTransaction};

/// Keys that were verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedKeys {
    /// What is kept of them.
    pub keys: Value,
    /// Until when they may be used, in microseconds since 1970.
    pub expire_at_us: i64,
}

/// How a download ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// The status of the answer; 0: there was none.
    pub http_status: u16,
    /// A number of the registry; 0: all is well.
    pub error_code: u16,
    /// What is wrong, for people.
    pub hint: String,
    /// The keys, where all is well. Without them the last good ones stay.
    pub keys: Option<VerifiedKeys>,
    /// When it ended.
    pub at_us: i64,
    /// When the next one is due.
    pub next_at_us: i64,
}

/// The right to ask a payment provider, for a while: nobody else asks before it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its base URL.
    pub base_url: String,
    /// When the right ends.
    pub until_us: i64,
    /// Downloads that failed one after the other before this one.
    pub failures: u32,
}

/// What is known of these payment providers, in the order of their URLs; nothing of those that were never asked.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find<'a>(
    connection: &impl ConnectionTrait,
    base_urls: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Model>, DatabaseError> {
    let query = Entity::find()
        .filter(Column::BaseUrl.is_in(base_urls))
        .order_by_asc(Column::BaseUrl);
    Ok(query.all(connection).await?)
}

/// Makes sure that there is a row of a payment provider with this master key, and returns whether one was written. With
/// another key, what was known of it is forgotten, and it is due at once.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn ensure(
    transaction: &WriteTransaction,
    base_url: &str,
    master_pub: &[u8; 32],
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let fresh = ActiveModel {
        base_url: Set(base_url.to_owned()),
        master_pub: Set(master_pub.to_vec()),
        keys: Set(None),
        keys_expire_at_us: Set(None),
        downloaded_at_us: Set(None),
        next_download_at_us: Set(now_us),
        http_status: Set(0),
        error_code: Set(0),
        hint: Set(String::new()),
        failures: Set(0),
    };
    let insert = Entity::insert(fresh.clone()).on_conflict_do_nothing_on([Column::BaseUrl]);
    if let sea_orm::TryInsertResult::Inserted(1) =
        insert.exec_without_returning(transaction).await?
    {
        return announce_if(transaction, true);
    }
    let reset = Entity::update_many()
        .set(fresh)
        .filter(Column::BaseUrl.eq(base_url))
        .filter(Column::MasterPub.ne(master_pub.to_vec()))
        .exec(transaction)
        .await?;
    if reset.rows_affected == 1 {
        // Who answers there may be somebody else altogether.
        super::kyc_check::forget(transaction, base_url).await?;
    }
    announce_if(transaction, reset.rows_affected == 1)
}

/// No download is put off so long, in microseconds: one that is was put off by a clock that was wrong.
const FURTHEST_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Whether a payment provider is to be asked for its keys.
#[must_use]
pub fn is_due(row: &Model, now_us: i64) -> bool {
    let left_us = row.next_download_at_us.saturating_sub(now_us);
    left_us <= 0 || left_us > FURTHEST_US
}

/// Takes the right to ask a payment provider, if it is due. Of several that try at once, one gets it.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn lease(
    transaction: &WriteTransaction,
    row: &Model,
    now_us: i64,
    until_us: i64,
) -> Result<Option<Lease>, DatabaseError> {
    if !is_due(row, now_us) {
        return Ok(None);
    }
    let taken = Entity::update_many()
        .col_expr(Column::NextDownloadAtUs, Expr::value(until_us))
        .filter(Column::BaseUrl.eq(&row.base_url))
        .filter(Column::MasterPub.eq(row.master_pub.clone()))
        .filter(Column::NextDownloadAtUs.eq(row.next_download_at_us))
        .exec(transaction)
        .await?;
    Ok((taken.rows_affected == 1).then(|| Lease {
        base_url: row.base_url.clone(),
        until_us,
        failures: u32::try_from(row.failures).unwrap_or(0),
    }))
}

/// Stores how the download ended that a lease was taken for; `false` if the lease is somebody else's by now, or the
/// master key another one.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn store(
    transaction: &WriteTransaction,
    lease: &Lease,
    master_pub: &[u8; 32],
    download: &Download,
) -> Result<bool, DatabaseError> {
    let failures = match download.error_code {
        0 => 0,
        _ => lease.failures.saturating_add(1),
    };
    let mut row = ActiveModel {
        next_download_at_us: Set(download.next_at_us),
        http_status: Set(download.http_status.into()),
        error_code: Set(download.error_code.into()),
        hint: Set(download.hint.clone()),
        failures: Set(i32::try_from(failures).unwrap_or(i32::MAX)),
        ..Default::default()
    };
    if let Some(verified) = &download.keys {
        row.keys = Set(Some(verified.keys.clone()));
        row.keys_expire_at_us = Set(Some(verified.expire_at_us));
        row.downloaded_at_us = Set(Some(download.at_us));
    }
    let stored = Entity::update_many()
        .set(row)
        .filter(Column::BaseUrl.eq(&lease.base_url))
        .filter(Column::MasterPub.eq(master_pub.to_vec()))
        .filter(Column::NextDownloadAtUs.eq(lease.until_us))
        .exec(transaction)
        .await?;
    announce_if(transaction, stored.rows_affected == 1)
}

/// The base URLs of payment providers that are none of these and that nobody has asked since `before_us`.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn unused(
    connection: &impl ConnectionTrait,
    configured: &[String],
    before_us: i64,
) -> Result<Vec<String>, DatabaseError> {
    let query = Entity::find()
        .select_only()
        .column(Column::BaseUrl)
        .filter(Column::BaseUrl.is_not_in(configured))
        .filter(Column::NextDownloadAtUs.lt(before_us))
        .order_by_asc(Column::BaseUrl);
    Ok(query.into_tuple().all(connection).await?)
}

/// Forgets a payment provider that is still unused, with what it said, of which at most `most` rows at once: returns how many rows went, which is less
/// than `most` when nothing is left of it.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_unused(
    transaction: &WriteTransaction,
    base_url: &str,
    before_us: i64,
    most: u64,
) -> Result<u64, DatabaseError> {
    // One process at a time, so that none takes what another one is removing for gone.
    let still_unused = Entity::find_by_id(base_url)
        .filter(Column::NextDownloadAtUs.lt(before_us))
        .lock_exclusive();
    if still_unused.one(transaction).await?.is_none() {
        return Ok(0);
    }
    let checks = super::kyc_check::remove_old(transaction, base_url, before_us, most).await?;
    if checks >= most {
        return Ok(checks);
    }
    Entity::delete_by_id(base_url).exec(transaction).await?;
    Ok(checks)
}

/// Who waits for news of a payment provider looks again.
fn announce_if(transaction: &WriteTransaction, is_news: bool) -> Result<bool, DatabaseError> {
    if is_news {
        transaction.announce(Topic::Exchanges);
    }
    Ok(is_news)
}
