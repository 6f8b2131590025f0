//! `address_grant`: the tokens that show proven addresses to clients.

use sea_orm::entity::prelude::*;

/// A proven address, and the token that shows it. The token itself is nowhere: it has full entropy, so its plain hash
/// finds and proves it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "address_grant")]
pub struct Model {
    /// Number of the row, which clients see; never given out twice.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// How the address was proven.
    pub validation_serial: i64,
    /// SHA-256 of the token, 32 bytes.
    #[sea_orm(unique, column_type = "Blob")]
    pub token_digest: Vec<u8>,
    /// The address: an object of texts.
    pub address: Json,
    /// What kind of address it is, as the API spells it.
    #[sea_orm(column_type = "Text")]
    pub address_type: String,
    /// When the token was handed out.
    pub issued_at_us: i64,
    /// When the token ends, and the row with it.
    pub token_expires_at_us: i64,
    /// Until when the client may take the address for proven.
    pub address_expires_at_us: i64,
}

impl ActiveModelBehavior for ActiveModel {}
