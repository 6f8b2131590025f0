//! `login_limit`: who tries to log in where.

use sea_orm::entity::prelude::*;

/// One instance as one client network tries to log in to it. Its row is locked while attempts are counted, so that no two are counted at once.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_limit")]
pub struct Model {
    /// Number of the row.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// The instance.
    #[sea_orm(unique_key = "network")]
    pub instance_serial: i64,
    /// The network of the client: an IPv4 address or an IPv6 /64.
    #[sea_orm(unique_key = "network", column_type = "Text")]
    pub network: String,
    /// When an attempt was last counted.
    pub touched_at_us: i64,
    /// The instance.
    #[sea_orm(belongs_to, from = "instance_serial", to = "serial")]
    pub instance: BelongsTo<super::instance::Entity>,
    /// The attempts that count.
    #[sea_orm(has_many)]
    pub attempts: HasMany<super::login_attempt::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
