//! The bank accounts that instances are paid to.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0004_bank_accounts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(bank_account_table()).await?;
        let by_payto = Index::create()
            .name("bank_account_by_payto_uri")
            .table("bank_account")
            .col("instance_serial")
            .col("payto_uri")
            .unique()
            .take();
        manager.create_index(by_payto).await?;
        let by_wire_hash = Index::create()
            .name("bank_account_by_wire_hash")
            .table("bank_account")
            .col("instance_serial")
            .col("h_wire")
            .unique()
            .take();
        manager.create_index(by_wire_hash).await
    }
}

fn bank_account_table() -> TableCreateStatement {
    Table::create()
        .table("bank_account")
        .col(big_pk_auto("serial"))
        .col(big_integer("instance_serial"))
        .col(text("payto_uri"))
        .col(text("payment_target"))
        .col(blob("salt"))
        .col(blob("h_wire"))
        .col(text_null("credit_facade_url"))
        .col(blob_null("facade_credentials"))
        .col(text_null("facade_credentials_key_id"))
        .col(text_null("extra_wire_subject_metadata"))
        .col(boolean("is_active"))
        .col(big_integer("created_at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("bank_account", "instance_serial")
                .to("instance", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        // A key cannot be dropped while a row names it.
        .foreign_key(
            ForeignKey::create()
                .from("bank_account", "facade_credentials_key_id")
                .to("key", "key_id"),
        )
        .check(Expr::cust("length(salt) = 16"))
        .check(Expr::cust("length(h_wire) = 64"))
        .check(Expr::cust(
            "(facade_credentials IS NULL) = (facade_credentials_key_id IS NULL)",
        ))
        .take()
}
