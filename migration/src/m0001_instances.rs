//! Keys, merchant instances, their credentials and access tokens, and the login limit.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, blob, blob_null, boolean, json, text, text_null,
};

/// The first step: everything that instances and access tokens need.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0001_instances"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(key_table()).await?;
        manager.create_table(instance_table(manager)).await?;
        manager.create_table(credential_table()).await?;
        manager.create_table(access_token_table()).await?;
        manager.create_table(login_limit_table()).await?;
        manager.create_table(login_attempt_table()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// The keys of the key file that rows of this database were sealed or hashed with; `check_value` proves that a key file holds the same key.
fn key_table() -> TableCreateStatement {
    Table::create()
        .table("key")
        .col(text("key_id").primary_key())
        .col(blob("check_value"))
        .col(big_integer("created_at_us"))
        .take()
}

fn instance_table(manager: &SchemaManager) -> TableCreateStatement {
    let mut instance_id = text("instance_id").unique_key().take();
    if manager.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Postgres {
        // Without it the order of a list would depend on the locale of the cluster; SQLite compares bytes by itself.
        instance_id.extra("COLLATE \"C\"");
    }
    Table::create()
        .table("instance")
        .col(big_pk_auto("serial"))
        .col(instance_id)
        .col(text("name"))
        .col(text_null("email"))
        .col(text_null("phone_number"))
        .col(text_null("website"))
        .col(text_null("logo"))
        .col(json("address"))
        .col(json("jurisdiction"))
        .col(boolean("use_stefan"))
        .col(big_integer("default_pay_delay_us"))
        .col(big_integer("default_refund_delay_us"))
        .col(big_integer("default_wire_transfer_delay_us"))
        .col(text("default_wire_transfer_rounding_interval"))
        .col(blob("merchant_pub"))
        .col(blob_null("merchant_priv"))
        .col(text_null("merchant_priv_key_id"))
        .col(big_integer("created_at_us"))
        .col(big_integer_null("deleted_at_us"))
        .foreign_key(&mut to_key("instance", "merchant_priv_key_id"))
        .check(both_or_neither("merchant_priv", "merchant_priv_key_id"))
        .check(Expr::cust(
            "(merchant_priv IS NULL) = (deleted_at_us IS NOT NULL)",
        ))
        .check(Expr::cust("length(merchant_pub) = 32"))
        .take()
}

fn credential_table() -> TableCreateStatement {
    Table::create()
        .table("credential")
        .col(big_integer("instance_serial").primary_key())
        .col(big_integer("version"))
        .col(text("method"))
        .col(text_null("password_hash"))
        .col(blob_null("bearer_digest"))
        .col(text_null("bearer_key_id"))
        .col(boolean("is_legacy"))
        .col(big_integer("changed_at_us"))
        .foreign_key(&mut to_instance("credential", "instance_serial"))
        .foreign_key(&mut to_key("credential", "bearer_key_id"))
        .check(both_or_neither("bearer_digest", "bearer_key_id"))
        .check(Expr::col("method").is_in(["token", "external"]))
        .check(Expr::cust(
            "(method = 'token') = (password_hash IS NOT NULL)",
        ))
        .take()
}

fn access_token_table() -> TableCreateStatement {
    Table::create()
        .table("access_token")
        .col(big_pk_auto("serial"))
        .col(big_integer("instance_serial"))
        .col(blob("digest").unique_key())
        .col(text("scope"))
        .col(boolean("refreshable"))
        .col(text_null("description"))
        .col(big_integer("created_at_us"))
        .col(big_integer_null("expires_at_us"))
        .col(big_integer_null("lifetime_us"))
        .col(big_integer_null("parent_serial"))
        .foreign_key(&mut to_instance("access_token", "instance_serial"))
        // No action: whoever ends a token says what becomes of those refreshed from it, and a forgotten one is an error.
        .foreign_key(
            ForeignKey::create()
                .from("access_token", "parent_serial")
                .to("access_token", "serial"),
        )
        .check(Expr::cust("length(digest) = 32"))
        .take()
}

fn login_limit_table() -> TableCreateStatement {
    Table::create()
        .table("login_limit")
        .col(big_pk_auto("serial"))
        .col(big_integer("instance_serial"))
        .col(text("network"))
        .col(big_integer("touched_at_us"))
        .foreign_key(&mut to_instance("login_limit", "instance_serial"))
        .take()
}

fn login_attempt_table() -> TableCreateStatement {
    Table::create()
        .table("login_attempt")
        .col(big_pk_auto("serial"))
        .col(big_integer("login_limit_serial"))
        .col(big_integer("at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("login_attempt", "login_limit_serial")
                .to("login_limit", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &str| Index::create().name(name).to_owned();
    vec![
        index("access_token_by_instance")
            .table("access_token")
            .col("instance_serial")
            .col("serial")
            .take(),
        index("access_token_by_parent")
            .table("access_token")
            .col("parent_serial")
            .take(),
        index("access_token_by_expiry")
            .table("access_token")
            .col("instance_serial")
            .col("expires_at_us")
            .take(),
        index("login_limit_by_network")
            .unique()
            .table("login_limit")
            .col("instance_serial")
            .col("network")
            .take(),
        index("login_limit_by_time")
            .table("login_limit")
            .col("touched_at_us")
            .take(),
        index("login_attempt_by_time")
            .table("login_attempt")
            .col("login_limit_serial")
            .col("at_us")
            .take(),
    ]
}

/// Rows of an instance go with it.
fn to_instance(table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to("instance", "serial")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// A key cannot be dropped while a row names it.
fn to_key(table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to("key", "key_id")
        .take()
}

/// Sealed or keyed bytes always name their key.
fn both_or_neither(value: &'static str, key_id: &'static str) -> Expr {
    Expr::col(value).is_null().eq(Expr::col(key_id).is_null())
}
