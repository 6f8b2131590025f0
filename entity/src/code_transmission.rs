//! `code_transmission`: codes that were sent.

use sea_orm::entity::prelude::*;

/// A code that was sent, or is being sent, as one of its counters sees it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "code_transmission")]
pub struct Model {
    /// Number of the row.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// What it counts for.
    pub counter_serial: i64,
    /// The challenge that it was for, which may be gone; none for validations, and where requests are counted and not codes.
    pub challenge_serial: Option<i64>,
    /// The validation that it was for, which may be gone.
    pub validation_serial: Option<i64>,
    /// When.
    pub at_us: i64,
    /// What it counts for.
    #[sea_orm(belongs_to, from = "counter_serial", to = "serial")]
    pub counter: BelongsTo<super::code_counter::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
