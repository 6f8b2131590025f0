//! `key`: the keys of the key file that this database knows.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// A key that rows of this database are sealed or hashed with. The key itself is in the key file only.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key")]
pub struct Model {
    /// The name that ciphertexts and keyed hashes carry.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key_id: String,
    /// Derived from the key: tells whether the key of that name in the key file is the same one.
    #[sea_orm(column_type = "Blob")]
    pub check_value: SecretBytes,
    /// When the key was first used with this database.
    pub created_at_us: i64,
}

impl ActiveModelBehavior for ActiveModel {}
