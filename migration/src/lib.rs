//! The schema of Kontor's database, step by step: one file per step, the same steps on SQLite and PostgreSQL.
//!
//! A released step is never edited; what changes is a new step. Every instant is a `bigint` of microseconds since 1970 (UTC), every span a `bigint`
//! of microseconds. Rows are numbered by `serial` columns whose numbers are never given out twice.

mod m0001_instances;
mod m0002_second_factor;
mod m0003_audit;
mod m0004_bank_accounts;
mod m0005_otp_devices;
mod m0006_exchanges;
mod m0007_kyc;
mod m0008_challenger;
mod m0009_retention;
mod m0010_open_validations;
mod m0011_sweep;

use sea_orm_migration::{MigrationTrait, async_trait};
pub use sea_orm_migration::{MigratorTrait, SchemaManager};

/// All steps, oldest first.
pub struct Migrator;

impl Migrator {
    /// The table that lists the steps a database has had.
    pub fn table_name() -> &'static str {
        "seaql_migrations"
    }

    /// The names of all steps, oldest first.
    pub fn step_names() -> Vec<String> {
        Self::migrations()
            .iter()
            .map(|step| step.name().to_owned())
            .collect()
    }
}

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_instances::Step),
            Box::new(m0002_second_factor::Step),
            Box::new(m0003_audit::Step),
            Box::new(m0004_bank_accounts::Step),
            Box::new(m0005_otp_devices::Step),
            Box::new(m0006_exchanges::Step),
            Box::new(m0007_kyc::Step),
            Box::new(m0008_challenger::Step),
            Box::new(m0009_retention::Step),
            Box::new(m0010_open_validations::Step),
            Box::new(m0011_sweep::Step),
        ]
    }
}
