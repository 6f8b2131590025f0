//! `challenge`: codes that were asked for.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// A challenge: solved by a code that is sent to an address.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenge")]
pub struct Model {
    /// Number of the row.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The request that it belongs to.
    pub group_serial: i64,
    /// SHA-256 of the id that the client holds.
    #[sea_orm(unique, column_type = "Blob")]
    pub id_digest: Vec<u8>,
    /// How the code is sent.
    pub channel: Channel,
    /// Where it is sent.
    #[sea_orm(column_type = "Text")]
    pub address: String,
    /// What the address is to the instance.
    pub role: Role,
    /// The body of the request, sealed under a key that only the id gives.
    #[sea_orm(column_type = "Blob")]
    pub sealed_body: Option<SecretBytes>,
    /// Keyed hash of the code that was sent last; none before, and none once it is solved.
    #[sea_orm(column_type = "Blob")]
    pub code_hash: Option<SecretBytes>,
    /// The key of `code_hash`.
    #[sea_orm(column_type = "Text")]
    pub code_key_id: Option<String>,
    /// When that code ends.
    pub code_expires_at_us: Option<i64>,
    /// How often that code may still be guessed.
    pub guesses_left: i64,
    /// When a code was last sent, or begun to be.
    pub sent_at_us: Option<i64>,
    /// How often a code was not sent, and counted nowhere else.
    pub failures: i64,
    /// When it was solved.
    pub solved_at_us: Option<i64>,
    /// The request that it belongs to.
    #[sea_orm(belongs_to, from = "group_serial", to = "serial")]
    pub group: BelongsTo<super::challenge_group::Entity>,
}

/// How codes are sent to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Channel {
    /// By mail to its e-mail address.
    #[sea_orm(string_value = "email")]
    Email,
    /// By text message to its phone number.
    #[sea_orm(string_value = "sms")]
    Sms,
}

/// What an address is to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// Proven: codes that are sent there prove who the owner is.
    #[sea_orm(string_value = "factor")]
    Factor,
    /// Said: a code that is sent there proves the address itself.
    #[sea_orm(string_value = "contact")]
    Contact,
}

impl ActiveModelBehavior for ActiveModel {}
