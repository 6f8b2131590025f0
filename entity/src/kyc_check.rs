//! `kyc_check`: what a payment provider last said about the owner of a bank account, and when it is asked again.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// The last answer of one payment provider about one account.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "kyc_check")]
pub struct Model {
    /// Number of the row.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The account.
    pub account_serial: i64,
    /// Base URL of the payment provider.
    #[sea_orm(column_type = "Text")]
    pub exchange_url: String,
    /// HTTP status of the answer; 0 where there was none, or nobody asked yet.
    pub http_status: i32,
    /// A number of the registry: what was wrong with the answer, or the error in it; 0: nothing.
    pub error_code: i32,
    /// Whether the payment provider investigates.
    pub aml_review: bool,
    /// What opens the payment provider's pages, sealed with the key `access_token_key_id`.
    #[sea_orm(column_type = "Blob")]
    pub access_token: Option<SecretBytes>,
    /// The key that seals `access_token`.
    #[sea_orm(column_type = "Text")]
    pub access_token_key_id: Option<String>,
    /// `AccountLimit`s of the API.
    pub limits: Option<Json>,
    /// When the answer came; `None`: nobody asked yet.
    pub checked_at_us: Option<i64>,
    /// When the payment provider is asked next. While it is being asked, when somebody else may try.
    pub next_check_at_us: i64,
    /// How often in a row the answer was the same.
    pub unchanged: i32,
    /// The account.
    #[sea_orm(belongs_to, from = "account_serial", to = "serial")]
    pub account: BelongsTo<super::bank_account::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
