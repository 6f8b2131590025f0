//! `exchange`: what is known of a payment provider, and when it is asked again.

use sea_orm::entity::prelude::*;

/// One payment provider that is, or was, configured.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exchange")]
pub struct Model {
    /// Its base URL, with a slash at its end.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub base_url: String,
    /// The master public key that was configured when the row was last written; 32 bytes.
    #[sea_orm(column_type = "Blob")]
    pub master_pub: Vec<u8>,
    /// The verified part of its last good `/keys`.
    pub keys: Option<Json>,
    /// Until when those may be used.
    pub keys_expire_at_us: Option<i64>,
    /// When those were downloaded.
    pub downloaded_at_us: Option<i64>,
    /// When it is asked next. While it is being asked, when somebody else may try.
    pub next_download_at_us: i64,
    /// The HTTP status of its last answer; 0 where it gave none.
    pub http_status: i32,
    /// What was wrong with the last download, as a number of the registry; 0: nothing.
    pub error_code: i32,
    /// What was wrong with it, for people; empty: nothing.
    #[sea_orm(column_type = "Text")]
    pub hint: String,
    /// Downloads that failed one after the other, the last of them included.
    pub failures: i32,
}

impl ActiveModelBehavior for ActiveModel {}
