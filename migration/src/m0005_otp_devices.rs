//! The devices of instances that show one-time passwords.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, big_pk_auto, blob, text};

/// The step that adds the table of OTP devices.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0005_otp_devices"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(otp_device_table()).await?;
        manager.create_index(by_name()).await
    }
}

fn otp_device_table() -> TableCreateStatement {
    Table::create()
        .table("otp_device")
        .col(big_pk_auto("serial"))
        .col(big_integer("instance_serial"))
        .col(text("otp_device_id"))
        .col(text("description"))
        .col(blob("sealed_key"))
        .col(text("key_id"))
        .col(text("algorithm"))
        .col(big_integer_null("ctr"))
        .col(big_integer("created_at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("otp_device", "instance_serial")
                .to("instance", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        // A key cannot be dropped while a row names it.
        .foreign_key(
            ForeignKey::create()
                .from("otp_device", "key_id")
                .to("key", "key_id"),
        )
        .check(Expr::col("algorithm").is_in(["none", "totp_without_price", "totp_with_price"]))
        .check(Expr::cust("ctr >= 0"))
        .take()
}

fn by_name() -> IndexCreateStatement {
    Index::create()
        .name("otp_device_by_name")
        .unique()
        .table("otp_device")
        .col("instance_serial")
        .col("otp_device_id")
        .take()
}
