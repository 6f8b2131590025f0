//! The second factor: what is proven of an instance, the challenges that are open, and how many codes were sent.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0002_second_factor"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [
            text_null("email_factor"),
            text_null("phone_factor"),
            boolean("is_bound").default(false).take(),
        ] {
            let alter = Table::alter().table("instance").add_column(column).take();
            manager.alter_table(alter).await?;
        }
        manager.create_table(challenge_group_table()).await?;
        manager.create_table(challenge_table()).await?;
        manager.create_table(code_counter_table()).await?;
        manager.create_table(code_transmission_table()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn challenge_group_table() -> TableCreateStatement {
    Table::create()
        .table("challenge_group")
        .col(big_pk_auto("serial"))
        .col(text("budget"))
        .col(text("purpose"))
        .col(text("operation"))
        .col(big_integer_null("instance_serial"))
        .col(text("instance_id"))
        .col(text("subject"))
        .col(big_integer_null("credential_version"))
        .col(blob("request_hash"))
        .col(text("request_key_id"))
        .col(text("network"))
        .col(big_integer("created_at_us"))
        .col(big_integer("expires_at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("challenge_group", "instance_serial")
                .to("instance", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(&mut to_key("challenge_group", "request_key_id"))
        .check(Expr::col("budget").is_in(["login", "bearer", "reset", "sign_up"]))
        // Only who signs up has no instance yet.
        .check(Expr::cust(
            "(budget = 'sign_up') = (instance_serial IS NULL)",
        ))
        .check(Expr::cust(
            "(instance_serial IS NULL) = (credential_version IS NULL)",
        ))
        .take()
}

fn challenge_table() -> TableCreateStatement {
    Table::create()
        .table("challenge")
        .col(big_pk_auto("serial"))
        .col(big_integer("group_serial"))
        .col(blob("id_digest").unique_key())
        .col(text("channel"))
        .col(text("address"))
        .col(text("role"))
        .col(blob_null("sealed_body"))
        .col(blob_null("code_hash"))
        .col(text_null("code_key_id"))
        .col(big_integer_null("code_expires_at_us"))
        .col(big_integer("guesses_left").default(0))
        .col(big_integer_null("sent_at_us"))
        .col(big_integer("failures").default(0))
        .col(big_integer_null("solved_at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("challenge", "group_serial")
                .to("challenge_group", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(&mut to_key("challenge", "code_key_id"))
        .check(Expr::cust("length(id_digest) = 32"))
        .check(Expr::col("channel").is_in(["email", "sms"]))
        .check(Expr::col("role").is_in(["factor", "contact"]))
        .check(Expr::cust("guesses_left >= 0"))
        .check(Expr::cust("(code_hash IS NULL) = (code_key_id IS NULL)"))
        .check(Expr::cust(
            "(code_hash IS NULL) = (code_expires_at_us IS NULL)",
        ))
        .take()
}

fn code_counter_table() -> TableCreateStatement {
    Table::create()
        .table("code_counter")
        .col(big_pk_auto("serial"))
        .col(text("name").unique_key())
        .col(big_integer("touched_at_us"))
        .take()
}

fn code_transmission_table() -> TableCreateStatement {
    Table::create()
        .table("code_transmission")
        .col(big_pk_auto("serial"))
        .col(big_integer("counter_serial"))
        // No foreign key: what was sent counts for a day, and the challenge may be gone much sooner.
        .col(big_integer_null("challenge_serial"))
        .col(big_integer("at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("code_transmission", "counter_serial")
                .to("code_counter", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &str| Index::create().name(name).to_owned();
    vec![
        index("challenge_group_by_instance")
            .table("challenge_group")
            .col("instance_serial")
            .take(),
        index("challenge_group_by_budget")
            .table("challenge_group")
            .col("instance_id")
            .col("budget")
            .take(),
        index("challenge_group_by_expiry")
            .table("challenge_group")
            .col("expires_at_us")
            .take(),
        index("challenge_by_group")
            .table("challenge")
            .col("group_serial")
            .take(),
        index("code_counter_by_time")
            .table("code_counter")
            .col("touched_at_us")
            .take(),
        index("code_transmission_by_time")
            .table("code_transmission")
            .col("counter_serial")
            .col("at_us")
            .take(),
        index("code_transmission_by_challenge")
            .table("code_transmission")
            .col("challenge_serial")
            .take(),
    ]
}

/// A key cannot be dropped while a row names it.
fn to_key(table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to("key", "key_id")
        .take()
}
