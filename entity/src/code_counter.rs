//! `code_counter`: what the number of codes in a day is bounded for.

use sea_orm::entity::prelude::*;

/// An account, an address, a network or the whole server, for one kind of request. Its row is locked while codes are counted, so that no two are counted at once.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "code_counter")]
pub struct Model {
    /// Number of the row.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// What is counted; addresses stand in it as keyed hashes.
    #[sea_orm(unique, column_type = "Text")]
    pub name: String,
    /// When something was last counted.
    pub touched_at_us: i64,
    /// What counts.
    #[sea_orm(has_many)]
    pub transmissions: HasMany<super::code_transmission::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
