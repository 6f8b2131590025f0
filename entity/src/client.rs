//! `client`: the OAuth 2.0 clients of the Challenger.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// A service that has people prove their addresses.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client")]
pub struct Model {
    /// Its `client_id`; never given out twice.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The one URI that people are sent back to.
    #[sea_orm(column_type = "Text")]
    pub redirect_uri: String,
    /// Keyed hash of its secret.
    #[sea_orm(column_type = "Blob")]
    pub secret_hash: SecretBytes,
    /// The key of `secret_hash`.
    #[sea_orm(column_type = "Text")]
    pub secret_key_id: String,
    /// Whether it must send a code challenge (RFC 7636).
    pub requires_pkce: bool,
    /// When it was registered.
    pub created_at_us: i64,
    /// How often it set up a validation.
    pub setups: i64,
    /// How many codes were sent for it.
    pub codes_sent: i64,
    /// How many addresses were proven to it.
    pub validations: i64,
    /// What it set up.
    #[sea_orm(has_many)]
    pub of_validations: HasMany<super::validation::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
