//! `access_token`: the bearer tokens that instances handed out.

use sea_orm::entity::prelude::*;

/// An access token. The token itself is nowhere: it has full entropy, so its plain hash finds and proves it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_token")]
pub struct Model {
    /// Number of the token, shown by the API; never given out twice.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The instance that it opens.
    pub instance_serial: i64,
    /// SHA-256 of the token, 32 bytes.
    #[sea_orm(unique, column_type = "Blob")]
    pub digest: Vec<u8>,
    /// What it may do, as the API spells scopes.
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    /// Whether another token may be obtained with it.
    pub refreshable: bool,
    /// What its owner noted about it.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// When it was handed out.
    pub created_at_us: i64,
    /// When it ends; `None`: never.
    pub expires_at_us: Option<i64>,
    /// For how long it was granted; `None`: for ever. A token refreshed from it is granted no more.
    pub lifetime_us: Option<i64>,
    /// The token that it was refreshed from, as long as that one is stored.
    pub parent_serial: Option<i64>,
    /// The first token of the chain of refreshes that led to it, which may be gone; `None`: it is the first itself.
    pub root_serial: Option<i64>,
    /// The instance.
    #[sea_orm(belongs_to, from = "instance_serial", to = "serial")]
    pub instance: BelongsTo<super::instance::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
