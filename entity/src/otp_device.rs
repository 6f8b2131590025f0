//! `otp_device`: the devices of instances that show one-time passwords.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// A device that shares a key with its instance, so that both compute the same codes.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "otp_device")]
pub struct Model {
    /// Number of the device.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The instance that it belongs to.
    pub instance_serial: i64,
    /// Its name, unique within the instance.
    #[sea_orm(column_type = "Text")]
    pub otp_device_id: String,
    /// What it is, for people.
    #[sea_orm(column_type = "Text")]
    pub description: String,
    /// The key that it shares with the instance, sealed.
    #[sea_orm(column_type = "Blob")]
    pub sealed_key: SecretBytes,
    /// The key that seals `sealed_key`.
    #[sea_orm(column_type = "Text")]
    pub key_id: String,
    /// What its codes depend on.
    pub algorithm: Algorithm,
    /// Its counter, where it counts. No code depends on it.
    pub ctr: Option<i64>,
    /// When it was registered.
    pub created_at_us: i64,
    /// The instance that it belongs to.
    #[sea_orm(belongs_to, from = "instance_serial", to = "serial")]
    pub instance: BelongsTo<super::instance::Entity>,
}

/// What the codes of a device depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Algorithm {
    /// There are none.
    #[sea_orm(string_value = "none")]
    None,
    /// The time.
    #[sea_orm(string_value = "totp_without_price")]
    TotpWithoutPrice,
    /// The time and the price.
    #[sea_orm(string_value = "totp_with_price")]
    TotpWithPrice,
}

impl ActiveModelBehavior for ActiveModel {}
