//! `bank_account`: the accounts that instances are paid to.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// A bank account. Its payto URI, salt and wire hash never change; it is deactivated, not removed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bank_account")]
pub struct Model {
    /// Number of the row; other tables refer to it.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The instance that is paid.
    pub instance_serial: i64,
    /// The full payto URI (RFC 8905), as its owner wrote it; unique within the instance.
    #[sea_orm(column_type = "Text")]
    pub payto_uri: String,
    /// The kind of account: the authority of the payto URI in lower case, such as `iban`.
    #[sea_orm(column_type = "Text")]
    pub payment_target: String,
    /// 16 random bytes that the wire hash was made with.
    #[sea_orm(column_type = "Blob")]
    pub salt: Vec<u8>,
    /// 64 bytes, by which contracts and the API name the account; unique within the instance.
    #[sea_orm(column_type = "Blob")]
    pub h_wire: Vec<u8>,
    /// Base URL of the bank's service that lists incoming transfers.
    #[sea_orm(column_type = "Text")]
    pub credit_facade_url: Option<String>,
    /// How to authenticate there, sealed with the key `facade_credentials_key_id`.
    #[sea_orm(column_type = "Blob")]
    pub facade_credentials: Option<SecretBytes>,
    /// The key that seals `facade_credentials`.
    #[sea_orm(column_type = "Text")]
    pub facade_credentials_key_id: Option<String>,
    /// What the exchange puts into the subject of its transfers.
    #[sea_orm(column_type = "Text")]
    pub extra_wire_subject_metadata: Option<String>,
    /// Whether the instance can be paid to it.
    pub is_active: bool,
    /// When it was added.
    pub created_at_us: i64,
    /// The instance.
    #[sea_orm(belongs_to, from = "instance_serial", to = "serial")]
    pub instance: BelongsTo<super::instance::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
