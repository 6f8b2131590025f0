//! When what had ended was last removed, so that a clock that leaps is noticed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

/// The step that adds a table of one row.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0011_sweep"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(sweep_table()).await
    }
}

fn sweep_table() -> TableCreateStatement {
    Table::create()
        .table("sweep")
        .col(big_integer("serial").primary_key())
        .col(big_integer("at_us"))
        .take()
}
