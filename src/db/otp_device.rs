//! The devices of instances that show one-time passwords.

use entity::SecretBytes;
use entity::otp_device::{ActiveModel, Algorithm, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::PaginatorTrait as _;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    TryInsertResult,
};

use super::{DatabaseError, WriteTransaction, unique::only};

/// The key of a device, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedOtpKey {
    /// The key, sealed.
    pub sealed: SecretBytes,
    /// The key that seals it; must be noted in the database.
    pub key_id: String,
}

/// A device that is to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOtpDevice {
    /// The instance that it belongs to.
    pub instance_serial: i64,
    /// Its name within the instance.
    pub otp_device_id: String,
    /// What it is, for people.
    pub description: String,
    /// The key that it shares with the instance.
    pub key: SealedOtpKey,
    /// What its codes depend on.
    pub algorithm: Algorithm,
    /// Its counter.
    pub ctr: Option<i64>,
    /// Now.
    pub created_at_us: i64,
}

/// What a device is from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtpDeviceChange {
    /// What it is, for people.
    pub description: String,
    /// Another key; `None` keeps the one that is stored.
    pub key: Option<SealedOtpKey>,
    /// What its codes depend on.
    pub algorithm: Algorithm,
    /// Another counter; `None` keeps the one that is stored.
    pub ctr: Option<i64>,
}

/// What became of a device that was to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtpDeviceInsertion {
    /// It is stored under this serial.
    Inserted(i64),
    /// The instance has this one of the same name.
    Exists(Box<Model>),
}

/// Stores a device, or finds the one that has its name.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    new: &NewOtpDevice,
) -> Result<OtpDeviceInsertion, DatabaseError> {
    // Once more where the other one is deleted between the two statements.
    loop {
        let key = [Column::InstanceSerial, Column::OtpDeviceId];
        let insert = Entity::insert(row(new)).on_conflict_do_nothing_on(key);
        let inserted = insert.exec(transaction).await;
        if let TryInsertResult::Inserted(inserted) = inserted.map_err(DatabaseError::store)? {
            return Ok(OtpDeviceInsertion::Inserted(inserted.last_insert_id));
        }
        let found = find(transaction, new.instance_serial, &new.otp_device_id).await?;
        if let Some(found) = found {
            return Ok(OtpDeviceInsertion::Exists(Box::new(found)));
        }
    }
}

fn row(new: &NewOtpDevice) -> ActiveModel {
    let new = new.clone();
    ActiveModel {
        serial: NotSet,
        instance_serial: Set(new.instance_serial),
        otp_device_id: Set(new.otp_device_id),
        description: Set(new.description),
        sealed_key: Set(new.key.sealed),
        key_id: Set(new.key.key_id),
        algorithm: Set(new.algorithm),
        ctr: Set(new.ctr),
        created_at_us: Set(new.created_at_us),
    }
}

fn of_name(instance_serial: i64, otp_device_id: &str) -> Select<Entity> {
    Entity::find()
        .filter(Column::InstanceSerial.eq(instance_serial))
        .filter(Column::OtpDeviceId.eq(otp_device_id))
}

/// The device of that name.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
    otp_device_id: &str,
) -> Result<Option<Model>, DatabaseError> {
    Ok(only(connection, of_name(instance_serial, otp_device_id)).await?)
}

/// Names and descriptions of all devices of an instance, the oldest first.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn list(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
) -> Result<Vec<(String, String)>, DatabaseError> {
    let query = Entity::find()
        .select_only()
        .columns([Column::OtpDeviceId, Column::Description])
        .filter(Column::InstanceSerial.eq(instance_serial))
        .order_by_asc(Column::Serial);
    Ok(query.into_tuple().all(connection).await?)
}

/// How many devices an instance has.
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

/// Changes a device and returns its serial; `None` if the instance has none of that name.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn update(
    transaction: &WriteTransaction,
    instance_serial: i64,
    otp_device_id: &str,
    change: &OtpDeviceChange,
) -> Result<Option<i64>, DatabaseError> {
    let change = change.clone();
    let (sealed_key, key_id) = change.key.map(|key| (key.sealed, key.key_id)).unzip();
    let row = ActiveModel {
        description: Set(change.description),
        sealed_key: sealed_key.map_or(NotSet, Set),
        key_id: key_id.map_or(NotSet, Set),
        algorithm: Set(change.algorithm),
        ctr: change.ctr.map_or(NotSet, |ctr| Set(Some(ctr))),
        ..ActiveModel::default()
    };
    let update = Entity::update_many()
        .set(row)
        .filter(Column::InstanceSerial.eq(instance_serial))
        .filter(Column::OtpDeviceId.eq(otp_device_id));
    let changed = update.exec_with_returning(transaction).await;
    let changed = changed.map_err(DatabaseError::store)?;
    Ok(changed.first().map(|device| device.serial))
}

/// Removes a device and returns the serial that it had; `None` if the instance has none of that name.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn delete(
    transaction: &WriteTransaction,
    instance_serial: i64,
    otp_device_id: &str,
) -> Result<Option<i64>, DatabaseError> {
    let delete = Entity::delete_many()
        .filter(Column::InstanceSerial.eq(instance_serial))
        .filter(Column::OtpDeviceId.eq(otp_device_id));
    let deleted = delete.exec_with_returning(transaction).await;
    let deleted = deleted.map_err(DatabaseError::store)?;
    Ok(deleted.first().map(|device| device.serial))
}
