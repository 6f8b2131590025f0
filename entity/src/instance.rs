//! `instance`: the merchant instances.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// A merchant instance with the settings that its owner may change.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instance")]
pub struct Model {
    /// Number of the row; other tables refer to it.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The name in URLs, case-sensitive, unique among deleted instances too.
    #[sea_orm(unique, column_type = "Text")]
    pub instance_id: String,
    /// Name of the shop.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Contact address for mail.
    #[sea_orm(column_type = "Text")]
    pub email: Option<String>,
    /// Contact number for text messages.
    #[sea_orm(column_type = "Text")]
    pub phone_number: Option<String>,
    /// Web site of the shop.
    #[sea_orm(column_type = "Text")]
    pub website: Option<String>,
    /// Image as a `data:` URL.
    #[sea_orm(column_type = "Text")]
    pub logo: Option<String>,
    /// Postal address: a `Location` of the API.
    pub address: Json,
    /// Jurisdiction: a `Location` of the API.
    pub jurisdiction: Json,
    /// Whether fees are accepted up to the STEFAN curve by default.
    pub use_stefan: bool,
    /// Time to pay an order, where the order does not say.
    pub default_pay_delay_us: i64,
    /// Time to refund an order, where the order does not say.
    pub default_refund_delay_us: i64,
    /// Time until the exchange must wire, where the order does not say.
    pub default_wire_transfer_delay_us: i64,
    /// What the wire deadline is rounded up to: a `RoundingInterval` of the API.
    #[sea_orm(column_type = "Text")]
    pub default_wire_transfer_rounding_interval: String,
    /// Ed25519 public key, 32 bytes.
    #[sea_orm(column_type = "Blob")]
    pub merchant_pub: Vec<u8>,
    /// Ed25519 private key, sealed with the key `merchant_priv_key_id`; destroyed when the instance is deleted.
    #[sea_orm(column_type = "Blob")]
    pub merchant_priv: Option<SecretBytes>,
    /// The key that seals `merchant_priv`.
    #[sea_orm(column_type = "Text")]
    pub merchant_priv_key_id: Option<String>,
    /// When the instance was created.
    pub created_at_us: i64,
    /// When the instance was deleted, if it was. Its row stays until it is purged.
    pub deleted_at_us: Option<i64>,
    /// The e-mail address that was proven and that codes are sent to: a factor.
    #[sea_orm(column_type = "Text")]
    pub email_factor: Option<String>,
    /// The phone number that was proven and that codes are sent to: a factor.
    #[sea_orm(column_type = "Text")]
    pub phone_factor: Option<String>,
    /// Whether it signed up by itself, so that it must have a factor on every mandatory channel.
    pub is_bound: bool,
    /// How its owner logs in.
    #[sea_orm(has_one)]
    pub credential: HasOne<super::credential::Entity>,
    /// What its owner handed out.
    #[sea_orm(has_many)]
    pub access_tokens: HasMany<super::access_token::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
