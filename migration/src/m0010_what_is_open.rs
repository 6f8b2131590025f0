//! What is open among what is only kept: the validations of a client that nobody has solved are counted quickly.

use sea_orm_migration::prelude::*;

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
        manager.create_index(open_validations()).await?;
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
