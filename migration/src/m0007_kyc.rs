//! What the payment providers know of the owners of bank accounts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0007_kyc"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(kyc_check_table()).await?;
        for index in [
            Index::create()
                .name("kyc_check_by_account")
                .table("kyc_check")
                .col("account_serial")
                .col("exchange_url")
                .unique()
                .take(),
            Index::create()
                .name("kyc_check_by_time")
                .table("kyc_check")
                .col("exchange_url")
                .col("next_check_at_us")
                .take(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn kyc_check_table() -> TableCreateStatement {
    Table::create()
        .table("kyc_check")
        .col(big_pk_auto("serial"))
        .col(big_integer("account_serial"))
        // No foreign key: which payment providers there are, the configuration says.
        .col(text("exchange_url"))
        .col(integer("http_status").default(0))
        .col(integer("error_code").default(0))
        .col(boolean("aml_review").default(false))
        .col(blob_null("access_token"))
        .col(text_null("access_token_key_id"))
        .col(json_null("limits"))
        .col(big_integer_null("checked_at_us"))
        .col(big_integer("next_check_at_us"))
        .col(integer("unchanged").default(0))
        .foreign_key(
            ForeignKey::create()
                .from("kyc_check", "account_serial")
                .to("bank_account", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        // A key cannot be dropped while a row names it.
        .foreign_key(
            ForeignKey::create()
                .from("kyc_check", "access_token_key_id")
                .to("key", "key_id"),
        )
        .check(Expr::cust(
            "(access_token IS NULL) = (access_token_key_id IS NULL)",
        ))
        .take()
}
