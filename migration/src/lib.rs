//! The schema of Kontor's database, step by step: one file per step, the same steps on SQLite and PostgreSQL.
//!
//! A released step is never edited; what changes is a new step. Every instant is a `bigint` of microseconds since 1970 (UTC), every span a `bigint`
//! of microseconds. Rows are numbered by `serial` columns whose numbers are never given out twice.

mod m0001_instances;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_instances::Step)]
    }
}
