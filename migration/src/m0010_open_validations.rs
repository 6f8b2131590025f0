//! The validations of a client that nobody has solved are counted quickly.

use sea_orm_migration::prelude::*;

/// The step that adds an index of them.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0010_open_validations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(open_validations()).await
    }
}

/// Of those that are solved there may be any number, as long as tokens live.
fn open_validations() -> IndexCreateStatement {
    Index::create()
        .name("validation_open")
        .table("validation")
        .col("client_serial")
        .col("expires_at_us")
        .cond_where(Expr::col("solved_at_us").is_null())
        .take()
}
