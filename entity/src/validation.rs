//! `validation`: addresses that people are asked to prove.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// One person's way from the client's setup to the proven address.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "validation")]
pub struct Model {
    /// Number of the row.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The client that set it up.
    pub client_serial: i64,
    /// SHA-256 of the nonce, which is all that it takes to go on.
    #[sea_orm(unique, column_type = "Blob")]
    pub nonce_digest: Vec<u8>,
    /// When it was set up.
    pub created_at_us: i64,
    /// When it ends.
    pub expires_at_us: i64,
    /// The address that was last given: an object of texts.
    pub address: Option<Json>,
    /// Whether the client fixed the address.
    pub is_read_only: bool,
    /// When the person came; what follows up to the counters was said then and does not change.
    pub authorized_at_us: Option<i64>,
    /// What the client wants back.
    #[sea_orm(column_type = "Text")]
    pub state: Option<String>,
    /// Where the person is sent in the end.
    #[sea_orm(column_type = "Text")]
    pub redirect_uri: Option<String>,
    /// The code challenge (RFC 7636).
    #[sea_orm(column_type = "Text")]
    pub code_challenge: Option<String>,
    /// How it is made of the verifier.
    pub code_challenge_method: Option<CodeChallengeMethod>,
    /// How many other addresses may still be given.
    pub changes_left: i64,
    /// How many codes may still be sent to this address.
    pub transmissions_left: i64,
    /// How often the code that was sent last may still be guessed.
    pub guesses_left: i64,
    /// How often a code was not sent, and counted nowhere else.
    pub failures: i64,
    /// Keyed hash of the code that was sent last; none before, and none once the address is proven.
    #[sea_orm(column_type = "Blob")]
    pub code_hash: Option<SecretBytes>,
    /// The key of `code_hash`.
    #[sea_orm(column_type = "Text")]
    pub code_key_id: Option<String>,
    /// When that code ends.
    pub code_expires_at_us: Option<i64>,
    /// When a code was last sent to this address, or begun to be.
    pub sent_at_us: Option<i64>,
    /// The number of that transmission: two can begin in the same microsecond.
    pub transmission: i64,
    /// When the address was proven.
    pub solved_at_us: Option<i64>,
    /// When the authorization code was exchanged for a token.
    pub redeemed_at_us: Option<i64>,
    /// The client that set it up.
    #[sea_orm(belongs_to, from = "client_serial", to = "serial")]
    pub client: BelongsTo<super::client::Entity>,
}

/// How a code challenge is made of its verifier (RFC 7636 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum CodeChallengeMethod {
    /// Its SHA-256, in base64url.
    #[sea_orm(string_value = "S256")]
    S256,
    /// As it is.
    #[sea_orm(string_value = "plain")]
    Plain,
}

impl ActiveModelBehavior for ActiveModel {}
