//! Merchant instances, and what a request needs to know of one.

mod access;
mod second_factor;

use std::sync::LazyLock;

use entity::SecretBytes;
use entity::instance::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JsonValue, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, TryInsertResult,
};

pub use self::access::{
    CredentialOfAccess, InstanceAccess, InstanceOfAccess, TokenOfAccess, find_with_bearer,
};
pub use self::second_factor::{
    SecondFactors, Unreachable, find_locked, find_unreachable, set_factor,
};
use super::{DatabaseError, WriteTransaction, unique::only, unique::only_by_sql};

/// What the owner says about the shop; replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfile {
    /// Name of the shop.
    pub name: String,
    /// Contact address for mail.
    pub email: Option<String>,
    /// Contact number for text messages.
    pub phone_number: Option<String>,
    /// Web site of the shop.
    pub website: Option<String>,
    /// Image as a `data:` URL.
    pub logo: Option<String>,
    /// A `Location` of the API.
    pub address: JsonValue,
    /// A `Location` of the API.
    pub jurisdiction: JsonValue,
    /// Whether fees are accepted up to the STEFAN curve by default.
    pub use_stefan: bool,
}

/// What an order has where it does not say otherwise. All spans in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceDefaults {
    /// Time to pay.
    pub pay_delay_us: i64,
    /// Time to refund.
    pub refund_delay_us: i64,
    /// Time until the exchange must wire.
    pub wire_transfer_delay_us: i64,
    /// What the wire deadline is rounded up to: a `RoundingInterval` of the API.
    pub wire_transfer_rounding_interval: String,
}

/// Changes of [`InstanceDefaults`]; `None` keeps what is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceDefaultsChange {
    /// Time to pay.
    pub pay_delay_us: Option<i64>,
    /// Time to refund.
    pub refund_delay_us: Option<i64>,
    /// Time until the exchange must wire.
    pub wire_transfer_delay_us: Option<i64>,
    /// What the wire deadline is rounded up to.
    pub wire_transfer_rounding_interval: Option<String>,
}

/// An instance that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInstance {
    /// Its name in URLs.
    pub instance_id: String,
    /// What its owner says about it.
    pub profile: InstanceProfile,
    /// What its orders have by default.
    pub defaults: InstanceDefaults,
    /// Ed25519 public key, 32 bytes.
    pub merchant_pub: Vec<u8>,
    /// Ed25519 private key, sealed.
    pub merchant_priv: SecretBytes,
    /// The key that seals it; must be noted in the database.
    pub merchant_priv_key_id: String,
    /// What was proven before it was made.
    pub factors: NewFactors,
    /// Now.
    pub created_at_us: i64,
}

/// The second factors of an instance that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewFactors {
    /// The proven e-mail address.
    pub email: Option<String>,
    /// The proven phone number.
    pub phone: Option<String>,
    /// Whether it must have a factor on every mandatory channel.
    pub is_bound: bool,
}

/// Stores a new instance and returns its serial; `None` if there is one of that name, deleted or not.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    new: &NewInstance,
) -> Result<Option<i64>, DatabaseError> {
    let defaults = new.defaults.clone();
    let row = ActiveModel {
        serial: NotSet,
        instance_id: Set(new.instance_id.clone()),
        default_pay_delay_us: Set(defaults.pay_delay_us),
        default_refund_delay_us: Set(defaults.refund_delay_us),
        default_wire_transfer_delay_us: Set(defaults.wire_transfer_delay_us),
        default_wire_transfer_rounding_interval: Set(defaults.wire_transfer_rounding_interval),
        merchant_pub: Set(new.merchant_pub.clone()),
        merchant_priv: Set(Some(new.merchant_priv.clone())),
        merchant_priv_key_id: Set(Some(new.merchant_priv_key_id.clone())),
        created_at_us: Set(new.created_at_us),
        deleted_at_us: Set(None),
        email_factor: Set(new.factors.email.clone()),
        phone_factor: Set(new.factors.phone.clone()),
        is_bound: Set(new.factors.is_bound),
        ..profile_row(&new.profile)
    };
    let insert = Entity::insert(row).on_conflict_do_nothing_on([Column::InstanceId]);
    match insert
        .exec(transaction)
        .await
        .map_err(DatabaseError::store)?
    {
        TryInsertResult::Inserted(inserted) => Ok(Some(inserted.last_insert_id)),
        TryInsertResult::Conflicted | TryInsertResult::Empty => Ok(None),
    }
}

/// The instance of that name, deleted or not.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    instance_id: &str,
) -> Result<Option<Model>, DatabaseError> {
    let query = Entity::find().filter(Column::InstanceId.eq(instance_id));
    Ok(only(connection, query).await?)
}

/// The instance with that serial, deleted or not.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_by_serial(
    connection: &impl ConnectionTrait,
    serial: i64,
) -> Result<Option<Model>, DatabaseError> {
    // Every reading request asks it, and to put it together takes twice as long as to read the row. Both databases
    // understand PostgreSQL's form.
    static SQL: LazyLock<String> =
        LazyLock::new(|| Entity::find_by_id(0).build(DbBackend::Postgres).sql);
    Ok(only_by_sql(connection, &SQL, serial.into()).await?)
}

/// The instance with that serial, deleted or not, which nobody purges until this write ends. Whatever is stored for an instance that was found before
/// the write begins with this: the instance may be gone by now.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_held(
    transaction: &WriteTransaction,
    serial: i64,
) -> Result<Option<Model>, DatabaseError> {
    let found = Entity::find_by_id(serial).lock(LockType::KeyShare);
    Ok(only(transaction, found).await?)
}

/// All instances, deleted ones too, by the bytes of their names.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Model>, DatabaseError> {
    Ok(Entity::find()
        .order_by_asc(Column::InstanceId)
        .all(connection)
        .await?)
}

/// Replaces the profile and the given defaults; `false` if the instance is deleted or gone.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn update(
    transaction: &WriteTransaction,
    serial: i64,
    profile: &InstanceProfile,
    defaults: &InstanceDefaultsChange,
) -> Result<bool, DatabaseError> {
    let defaults = defaults.clone();
    let row = ActiveModel {
        default_pay_delay_us: defaults.pay_delay_us.map_or(NotSet, Set),
        default_refund_delay_us: defaults.refund_delay_us.map_or(NotSet, Set),
        default_wire_transfer_delay_us: defaults.wire_transfer_delay_us.map_or(NotSet, Set),
        default_wire_transfer_rounding_interval: defaults
            .wire_transfer_rounding_interval
            .map_or(NotSet, Set),
        ..profile_row(profile)
    };
    let update = Entity::update_many()
        .set(row)
        .filter(Column::Serial.eq(serial))
        .filter(Column::DeletedAtUs.is_null());
    Ok(update.exec(transaction).await?.rows_affected == 1)
}

/// Destroys the private key and marks the instance as deleted; `false` if it is deleted already, or gone. Its name stays taken. The caller also ends
/// its tokens: see [`super::access_token::end_all`].
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn delete(
    transaction: &WriteTransaction,
    serial: i64,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let update = Entity::update_many()
        .col_expr(Column::MerchantPriv, Expr::value(Option::<Vec<u8>>::None))
        .col_expr(
            Column::MerchantPrivKeyId,
            Expr::value(Option::<String>::None),
        )
        .col_expr(Column::DeletedAtUs, Expr::value(now_us))
        .filter(Column::Serial.eq(serial))
        .filter(Column::DeletedAtUs.is_null());
    Ok(update.exec(transaction).await?.rows_affected == 1)
}

/// Removes the instance with all its rows, deleted or not; `false` if it is gone. Its name is free again, its serial never is.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn purge(transaction: &WriteTransaction, serial: i64) -> Result<bool, DatabaseError> {
    let delete = Entity::delete_many().filter(Column::Serial.eq(serial));
    Ok(delete.exec(transaction).await?.rows_affected == 1)
}

/// The columns of a profile; all others are left alone.
fn profile_row(profile: &InstanceProfile) -> ActiveModel {
    let profile = profile.clone();
    ActiveModel {
        name: Set(profile.name),
        email: Set(profile.email),
        phone_number: Set(profile.phone_number),
        website: Set(profile.website),
        logo: Set(profile.logo),
        address: Set(profile.address),
        jurisdiction: Set(profile.jurisdiction),
        use_stefan: Set(profile.use_stefan),
        ..ActiveModel::default()
    }
}
