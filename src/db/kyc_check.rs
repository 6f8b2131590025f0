//! What payment providers say about the owners of bank accounts.

use entity::kyc_check::{ActiveModel, Column, Entity, Model};
use entity::{SecretBytes, bank_account};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, JsonValue, QueryFilter,
    QuerySelect, QueryTrait, RelationTrait, Statement, TryInsertResult,
};

use super::{DatabaseError, WriteTransaction, unique::only};

/// An active account about which a payment provider is to be asked.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DueCheck {
    /// The account.
    pub account_serial: i64,
    /// Its payto URI.
    pub payto_uri: String,
    /// Whose it is.
    pub instance_serial: i64,
    /// The name of that instance.
    pub instance_id: String,
    /// Its public key.
    pub merchant_pub: Vec<u8>,
    /// Its sealed private key.
    pub merchant_priv: Option<SecretBytes>,
    /// When the check was due; `None`: there was none yet.
    pub next_check_at_us: Option<i64>,
}

/// The right to ask about an account, for a while: nobody else asks before it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckLease {
    /// The account.
    pub account_serial: i64,
    /// The payment provider.
    pub exchange_url: String,
    /// When the right ends.
    pub until_us: i64,
}

/// What is stored of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Its status; 0: there was none.
    pub http_status: u16,
    /// What was wrong with it; 0: nothing.
    pub error_code: u16,
    /// Whether the payment provider investigates.
    pub aml_review: bool,
    /// What opens the payment provider's pages, sealed, with the name of the key.
    pub access_token: Option<(SecretBytes, String)>,
    /// `AccountLimit`s of the API.
    pub limits: Option<JsonValue>,
}

/// When an answer came, and when the next one is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextCheck {
    /// When it came.
    pub checked_at_us: i64,
    /// When the payment provider is asked next.
    pub next_check_at_us: i64,
    /// How often in a row the answer was the same.
    pub unchanged: i32,
}

/// No question is put off so long, in microseconds: one that is was put off by a clock that was wrong, and is due.
const FURTHEST_US: i64 = 2 * 60 * 60 * 1_000_000;

/// The accounts that are due, those first that wait longest; at most so many. Instances take turns, so that one with many
/// accounts does not keep the others waiting.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn due(
    connection: &impl ConnectionTrait,
    exchange_url: &str,
    now_us: i64,
    most: u32,
) -> Result<Vec<DueCheck>, DatabaseError> {
    const SQL: &str = "\
        SELECT account_serial, payto_uri, instance_serial, instance_id, merchant_pub, merchant_priv, next_check_at_us \
        FROM ( \
            SELECT account.serial AS account_serial, account.payto_uri, instance.serial AS instance_serial, \
                instance.instance_id, instance.merchant_pub, instance.merchant_priv, last.next_check_at_us, \
                ROW_NUMBER() OVER ( \
                    PARTITION BY instance.serial ORDER BY COALESCE(last.next_check_at_us, 0), account.serial \
                ) AS turn \
            FROM bank_account account \
            JOIN instance ON instance.serial = account.instance_serial \
            LEFT JOIN kyc_check last ON last.account_serial = account.serial AND last.exchange_url = $1 \
            WHERE account.is_active AND instance.deleted_at_us IS NULL \
                AND (last.next_check_at_us IS NULL OR last.next_check_at_us <= $2 OR last.next_check_at_us > $4) \
        ) due \
        ORDER BY turn, COALESCE(next_check_at_us, 0), account_serial \
        LIMIT $3";
    let values = [
        exchange_url.into(),
        now_us.into(),
        i64::from(most).into(),
        now_us.saturating_add(FURTHEST_US).into(),
    ];
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, SQL, values);
    let rows = connection.query_all_raw(statement).await?;
    let rows = rows.iter().map(|row| DueCheck::from_query_result(row, ""));
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes the right to ask about an account. Of several that try at once, one gets it.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn lease(
    transaction: &WriteTransaction,
    due: &DueCheck,
    exchange_url: &str,
    until_us: i64,
) -> Result<Option<CheckLease>, DatabaseError> {
    let taken = match due.next_check_at_us {
        None => {
            let row = ActiveModel {
                serial: NotSet,
                account_serial: Set(due.account_serial),
                exchange_url: Set(exchange_url.to_owned()),
                next_check_at_us: Set(until_us),
                ..ActiveModel::default()
            };
            let insert = Entity::insert(row)
                .on_conflict_do_nothing_on([Column::AccountSerial, Column::ExchangeUrl]);
            let inserted = insert.exec(transaction).await;
            matches!(
                inserted.map_err(DatabaseError::store)?,
                TryInsertResult::Inserted(_)
            )
        }
        Some(next_check_at_us) => {
            let row = ActiveModel {
                next_check_at_us: Set(until_us),
                ..ActiveModel::default()
            };
            let update = Entity::update_many()
                .set(row)
                .filter(of(due.account_serial, exchange_url))
                .filter(Column::NextCheckAtUs.eq(next_check_at_us));
            let updated = update.exec(transaction).await;
            updated.map_err(DatabaseError::store)?.rows_affected == 1
        }
    };
    Ok(taken.then(|| CheckLease {
        account_serial: due.account_serial,
        exchange_url: exchange_url.to_owned(),
        until_us,
    }))
}

/// What is stored for a lease, as long as it is nobody else's.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_leased(
    transaction: &WriteTransaction,
    lease: &CheckLease,
) -> Result<Option<Model>, DatabaseError> {
    let query = Entity::find()
        .filter(of(lease.account_serial, &lease.exchange_url))
        .filter(Column::NextCheckAtUs.eq(lease.until_us));
    Ok(only(transaction, query).await?)
}

/// Stores an answer in place of the last one.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn store(
    transaction: &WriteTransaction,
    serial: i64,
    answer: &StoredAnswer,
    next: NextCheck,
) -> Result<(), DatabaseError> {
    let (access_token, key_id) = answer.access_token.clone().unzip();
    let row = ActiveModel {
        http_status: Set(answer.http_status.into()),
        error_code: Set(answer.error_code.into()),
        aml_review: Set(answer.aml_review),
        access_token: Set(access_token),
        access_token_key_id: Set(key_id),
        limits: Set(answer.limits.clone()),
        checked_at_us: Set(Some(next.checked_at_us)),
        next_check_at_us: Set(next.next_check_at_us),
        unchanged: Set(next.unchanged),
        ..ActiveModel::default()
    };
    let update = Entity::update_many().set(row);
    let update = update.filter(Column::Serial.eq(serial));
    update
        .exec(transaction)
        .await
        .map_err(DatabaseError::store)?;
    Ok(())
}

/// Forgets all that a payment provider said.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn forget(
    transaction: &WriteTransaction,
    exchange_url: &str,
) -> Result<(), DatabaseError> {
    let delete = Entity::delete_many().filter(Column::ExchangeUrl.eq(exchange_url));
    delete
        .exec(transaction)
        .await
        .map_err(DatabaseError::store)?;
    Ok(())
}

/// Removes what a payment provider said whom nobody has asked again since `before_us`, at most `most` rows, and returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub(super) async fn remove_old(
    transaction: &WriteTransaction,
    exchange_url: &str,
    before_us: i64,
    most: u64,
) -> Result<u64, DatabaseError> {
    let old = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(Column::ExchangeUrl.eq(exchange_url))
        .filter(Column::NextCheckAtUs.lt(before_us))
        .limit(most);
    let delete = Entity::delete_many().filter(Column::Serial.in_subquery(old.into_query()));
    Ok(delete.exec(transaction).await?.rows_affected)
}

/// The last answers about all accounts of an instance.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn of_instance(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
) -> Result<Vec<Model>, DatabaseError> {
    let query = Entity::find()
        .join(
            JoinType::InnerJoin,
            entity::kyc_check::Relation::BankAccount.def(),
        )
        .filter(bank_account::Column::InstanceSerial.eq(instance_serial));
    Ok(query.all(connection).await?)
}

fn of(account_serial: i64, exchange_url: &str) -> Expr {
    Column::AccountSerial
        .eq(account_serial)
        .and(Column::ExchangeUrl.eq(exchange_url))
}
