//! What is open among what is only kept: the validations of a client that nobody has solved are counted quickly, and tokens
//! that have ended stay where others came from them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

/// The step that tells them apart.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0010_what_is_open"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = big_integer_null("ended_at_us");
        let alter = Table::alter()
            .table("access_token")
            .add_column(column)
            .take();
        manager.alter_table(alter).await?;
        for index in [open_validations(), ended_tokens()] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// Those of one client that are not solved: of the others there may be any number, as long as tokens live.
fn open_validations() -> IndexCreateStatement {
    Index::create()
        .name("validation_open")
        .table("validation")
        .col("client_serial")
        .col("expires_at_us")
        .cond_where(Expr::col("solved_at_us").is_null())
        .take()
}

/// Few, among all tokens of an instance.
fn ended_tokens() -> IndexCreateStatement {
    Index::create()
        .name("access_token_ended")
        .table("access_token")
        .col("instance_serial")
        .cond_where(Expr::col("ended_at_us").is_not_null())
        .take()
}
