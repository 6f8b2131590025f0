//! The Challenger: its clients, the addresses that people prove, and the tokens that show them to clients.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// The step that adds the tables of the Challenger.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0008_challenger"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(client_table()).await?;
        manager.create_table(validation_table()).await?;
        manager.create_table(address_grant_table()).await?;
        let column = big_integer_null("validation_serial");
        let alter = Table::alter()
            .table("code_transmission")
            .add_column(column)
            .take();
        manager.alter_table(alter).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn client_table() -> TableCreateStatement {
    Table::create()
        .table("client")
        .col(big_pk_auto("serial"))
        .col(text("redirect_uri"))
        .col(blob("secret_hash"))
        .col(text("secret_key_id"))
        .col(boolean("requires_pkce").default(false))
        .col(big_integer("created_at_us"))
        .col(big_integer("setups").default(0))
        .col(big_integer("codes_sent").default(0))
        .col(big_integer("validations").default(0))
        .foreign_key(&mut to_key("client", "secret_key_id"))
        .take()
}

fn validation_table() -> TableCreateStatement {
    Table::create()
        .table("validation")
        .col(big_pk_auto("serial"))
        .col(big_integer("client_serial"))
        .col(blob("nonce_digest").unique_key())
        .col(big_integer("created_at_us"))
        .col(big_integer("expires_at_us"))
        .col(json_null("address"))
        .col(boolean("is_read_only"))
        .col(big_integer_null("authorized_at_us"))
        .col(text_null("state"))
        .col(text_null("redirect_uri"))
        .col(text_null("code_challenge"))
        .col(text_null("code_challenge_method"))
        .col(big_integer("changes_left"))
        .col(big_integer("transmissions_left"))
        .col(big_integer("guesses_left"))
        .col(big_integer("failures").default(0))
        .col(blob_null("code_hash"))
        .col(text_null("code_key_id"))
        .col(big_integer_null("code_expires_at_us"))
        .col(big_integer_null("sent_at_us"))
        .col(big_integer("transmission").default(0))
        .col(big_integer_null("solved_at_us"))
        .col(big_integer_null("redeemed_at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("validation", "client_serial")
                .to("client", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(&mut to_key("validation", "code_key_id"))
        .check(Expr::cust("code_challenge_method IN ('S256', 'plain')"))
        .check(Expr::cust(
            "(code_challenge IS NULL) = (code_challenge_method IS NULL)",
        ))
        .check(Expr::cust("(code_hash IS NULL) = (code_key_id IS NULL)"))
        .check(Expr::cust(
            "changes_left >= 0 AND transmissions_left >= 0 AND guesses_left >= 0",
        ))
        // Only what was proven can be handed out.
        .check(Expr::cust(
            "redeemed_at_us IS NULL OR solved_at_us IS NOT NULL",
        ))
        .take()
}

fn address_grant_table() -> TableCreateStatement {
    Table::create()
        .table("address_grant")
        .col(big_pk_auto("serial"))
        .col(big_integer("validation_serial"))
        .col(blob("token_digest").unique_key())
        .col(json("address"))
        .col(text("address_type"))
        .col(big_integer("issued_at_us"))
        .col(big_integer("token_expires_at_us"))
        .col(big_integer("address_expires_at_us"))
        .foreign_key(
            ForeignKey::create()
                .from("address_grant", "validation_serial")
                .to("validation", "serial")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .check(Expr::col("address_type").is_in(["email", "phone", "postal", "postal-ch"]))
        .take()
}

/// A key cannot be dropped while a row names it.
fn to_key(table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to("key", "key_id")
        .take()
}

fn indexes() -> [IndexCreateStatement; 4] {
    let index = |name: &'static str, table: &'static str, column: &'static str| {
        Index::create().name(name).table(table).col(column).take()
    };
    [
        index("validation_by_client", "validation", "client_serial"),
        index("validation_by_end", "validation", "expires_at_us"),
        index(
            "address_grant_by_validation",
            "address_grant",
            "validation_serial",
        ),
        index(
            "code_transmission_by_validation",
            "code_transmission",
            "validation_serial",
        ),
    ]
}
