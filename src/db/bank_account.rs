//! The bank accounts that instances are paid to.

use entity::SecretBytes;
use entity::bank_account::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait as _, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, TryInsertResult,
};

use super::{DatabaseError, WriteTransaction, unique::only};

/// What the owner says of an account and may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFacade {
    /// Base URL of the bank's service that lists incoming transfers.
    pub url: Option<String>,
    /// How to authenticate there.
    pub credentials: Option<SealedCredentials>,
    /// What the exchange puts into the subject of its transfers.
    pub metadata: Option<String>,
}

/// Credentials that only the key file opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCredentials {
    /// The sealed form.
    pub sealed: SecretBytes,
    /// The key that seals it; must be noted in the database.
    pub key_id: String,
}

/// An account that is to be added, active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBankAccount {
    /// Whom it belongs to.
    pub instance_serial: i64,
    /// The full payto URI.
    pub payto_uri: String,
    /// Its kind.
    pub payment_target: String,
    /// What the wire hash was made with.
    pub salt: [u8; 16],
    /// The wire hash.
    pub h_wire: [u8; 64],
    /// What its owner says of it.
    pub facade: AccountFacade,
    /// Now.
    pub created_at_us: i64,
}

/// Adds an account; false if the instance has one with this payto URI or wire hash.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    new: &NewBankAccount,
) -> Result<bool, DatabaseError> {
    let row = ActiveModel {
        serial: NotSet,
        instance_serial: Set(new.instance_serial),
        payto_uri: Set(new.payto_uri.clone()),
        payment_target: Set(new.payment_target.clone()),
        salt: Set(new.salt.to_vec()),
        h_wire: Set(new.h_wire.to_vec()),
        created_at_us: Set(new.created_at_us),
        is_active: Set(true),
        ..facade_row(&new.facade)
    };
    let insert =
        Entity::insert(row).on_conflict_do_nothing_on([Column::InstanceSerial, Column::PaytoUri]);
    let inserted = insert.exec(transaction).await;
    Ok(matches!(
        inserted.map_err(DatabaseError::store)?,
        TryInsertResult::Inserted(_)
    ))
}

/// Makes an account active again, with another facade.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn reactivate(
    transaction: &WriteTransaction,
    serial: i64,
    facade: &AccountFacade,
) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        is_active: Set(true),
        ..facade_row(facade)
    };
    update(transaction, serial, row).await
}

/// Gives an account another facade.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn set_facade(
    transaction: &WriteTransaction,
    serial: i64,
    facade: &AccountFacade,
) -> Result<(), DatabaseError> {
    update(transaction, serial, facade_row(facade)).await
}

/// The instance is no longer paid to this account.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn deactivate(transaction: &WriteTransaction, serial: i64) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        is_active: Set(false),
        ..ActiveModel::default()
    };
    update(transaction, serial, row).await
}

/// The account with this wire hash.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
    h_wire: &[u8; 64],
) -> Result<Option<Model>, DatabaseError> {
    Ok(only(connection, by_wire_hash(instance_serial, h_wire)).await?)
}

/// The account with this wire hash, which nobody else changes until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_locked(
    transaction: &WriteTransaction,
    instance_serial: i64,
    h_wire: &[u8; 64],
) -> Result<Option<Model>, DatabaseError> {
    let query = by_wire_hash(instance_serial, h_wire);
    Ok(only(transaction, locked(transaction, query)).await?)
}

/// The account with this payto URI, compared exactly.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_by_payto_uri(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
    payto_uri: &str,
) -> Result<Option<Model>, DatabaseError> {
    Ok(only(connection, by_payto_uri(instance_serial, payto_uri)).await?)
}

/// The account with this payto URI, which nobody else changes until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_by_payto_uri_locked(
    transaction: &WriteTransaction,
    instance_serial: i64,
    payto_uri: &str,
) -> Result<Option<Model>, DatabaseError> {
    let query = by_payto_uri(instance_serial, payto_uri);
    Ok(only(transaction, locked(transaction, query)).await?)
}

/// All accounts of an instance, the oldest first.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn list(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
) -> Result<Vec<Model>, DatabaseError> {
    let query = Entity::find().filter(Column::InstanceSerial.eq(instance_serial));
    let query = query.order_by_asc(Column::Serial);
    Ok(query.all(connection).await?)
}

/// How many accounts an instance has, those that were deactivated included.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn count(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
) -> Result<u64, DatabaseError> {
    let query = Entity::find().filter(Column::InstanceSerial.eq(instance_serial));
    Ok(query.count(connection).await?)
}

/// The kinds of active accounts of all instances, as pairs of instance and kind in their order, each once.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn payment_targets(
    connection: &impl ConnectionTrait,
) -> Result<Vec<(i64, String)>, DatabaseError> {
    let query = Entity::find()
        .select_only()
        .column(Column::InstanceSerial)
        .column(Column::PaymentTarget)
        .distinct()
        .filter(Column::IsActive.eq(true))
        .order_by_asc(Column::InstanceSerial)
        .order_by_asc(Column::PaymentTarget);
    Ok(query.into_tuple().all(connection).await?)
}

fn by_wire_hash(instance_serial: i64, h_wire: &[u8; 64]) -> Select<Entity> {
    Entity::find()
        .filter(Column::InstanceSerial.eq(instance_serial))
        .filter(Column::HWire.eq(h_wire.to_vec()))
}

fn by_payto_uri(instance_serial: i64, payto_uri: &str) -> Select<Entity> {
    Entity::find()
        .filter(Column::InstanceSerial.eq(instance_serial))
        .filter(Column::PaytoUri.eq(payto_uri))
}

/// SQLite has one writer.
fn locked(transaction: &WriteTransaction, query: Select<Entity>) -> Select<Entity> {
    let is_postgres = transaction.get_database_backend() == DbBackend::Postgres;
    query.apply_if(is_postgres.then_some(()), |query, ()| {
        query.lock(LockType::NoKeyUpdate)
    })
}

fn facade_row(facade: &AccountFacade) -> ActiveModel {
    let (sealed, key_id) = facade
        .credentials
        .clone()
        .map(|credentials| (credentials.sealed, credentials.key_id))
        .unzip();
    ActiveModel {
        credit_facade_url: Set(facade.url.clone()),
        facade_credentials: Set(sealed),
        facade_credentials_key_id: Set(key_id),
        extra_wire_subject_metadata: Set(facade.metadata.clone()),
        ..ActiveModel::default()
    }
}

async fn update(
    transaction: &WriteTransaction,
    serial: i64,
    row: ActiveModel,
) -> Result<(), DatabaseError> {
    let update = Entity::update_many()
        .set(row)
        .filter(Column::Serial.eq(serial));
    update
        .exec(transaction)
        .await
        .map_err(DatabaseError::store)?;
    Ok(())
}
