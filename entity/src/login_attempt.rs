//! `login_attempt`: logins that failed, or that are being checked.

use sea_orm::entity::prelude::*;

/// An attempt to log in. The row is made before the password is checked and removed when it was right, so what stays is a failure.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_attempt")]
pub struct Model {
    /// Number of the attempt.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// Who tried where.
    pub login_limit_serial: i64,
    /// When.
    pub at_us: i64,
    /// Who tried where.
    #[sea_orm(belongs_to, from = "login_limit_serial", to = "serial")]
    pub login_limit: BelongsTo<super::login_limit::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
