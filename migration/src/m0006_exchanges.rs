//! The payment providers: their keys, and when they are asked next.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, json_null, text};

/// The step that adds the table of payment providers.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0006_exchanges"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(exchange_table()).await
    }
}

/// Which of them are trusted, the configuration says, so rows of others may stay behind.
fn exchange_table() -> TableCreateStatement {
    Table::create()
        .table("exchange")
        .col(text("base_url").primary_key())
        .col(blob("master_pub"))
        .col(json_null("keys"))
        .col(big_integer_null("keys_expire_at_us"))
        .col(big_integer_null("downloaded_at_us"))
        .col(big_integer("next_download_at_us"))
        .col(integer("http_status"))
        .col(integer("error_code"))
        .col(text("hint"))
        .col(integer("failures"))
        .take()
}
