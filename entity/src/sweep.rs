//! `sweep`: when what had ended was last removed.

use sea_orm::entity::prelude::*;

/// The one row of the table.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sweep")]
pub struct Model {
    /// Always [`ONLY`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub serial: i64,
    /// A time of which the server was sure: later ones are held against it. At most a day older than the last sweep.
    pub at_us: i64,
}

/// The number of the one row.
pub const ONLY: i64 = 1;

impl ActiveModelBehavior for ActiveModel {}
