//! `credential`: how the owner of an instance logs in.

use sea_orm::entity::prelude::*;

use crate::{SecretBytes, SecretText};

/// The one credential of an instance.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credential")]
pub struct Model {
    /// The instance.
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance_serial: i64,
    /// Grows with each change. What was proven against one version is worth nothing against the next.
    pub version: i64,
    /// How the owner proves to be the owner.
    pub method: Method,
    /// The password (or legacy secret) as an argon2 string in PHC format; only for [`Method::Token`].
    #[sea_orm(column_type = "Text")]
    pub password_hash: Option<SecretText>,
    /// Keyed hash of a legacy secret that has enough entropy to be found by hash alone.
    #[sea_orm(column_type = "Blob")]
    pub bearer_digest: Option<SecretBytes>,
    /// The key of `bearer_digest`.
    #[sea_orm(column_type = "Text")]
    pub bearer_key_id: Option<String>,
    /// Whether the secret was set in the legacy form, so that it is a bearer on every call as well.
    pub is_legacy: bool,
    /// When it was last changed.
    pub changed_at_us: i64,
    /// The instance.
    #[sea_orm(belongs_to, from = "instance_serial", to = "serial")]
    pub instance: BelongsTo<super::instance::Entity>,
}

/// How the owner of an instance proves to be the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Method {
    /// By a password, or by access tokens obtained with it.
    #[sea_orm(string_value = "token")]
    Token,
    /// Not here: something in front of the server decides.
    #[sea_orm(string_value = "external")]
    External,
}

impl ActiveModelBehavior for ActiveModel {}
