//! `challenge_group`: requests that a second factor must confirm.

use sea_orm::entity::prelude::*;

use crate::SecretBytes;

/// One request that was answered with challenges. It is gone once they are used, or when it expires.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenge_group")]
pub struct Model {
    /// Number of the row.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// Which daily numbers its codes count for.
    pub budget: Budget,
    /// What the codes are for, as their messages say it.
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    /// The `operationId` of the request.
    #[sea_orm(column_type = "Text")]
    pub operation: String,
    /// The instance whose second factor is asked; none at a sign-up.
    pub instance_serial: Option<i64>,
    /// Its name; at a sign-up the name that is asked for.
    #[sea_orm(column_type = "Text")]
    pub instance_id: String,
    /// The name of the instance that the request is about, which the operator's requests name.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// The version of its credential at the time: with another one the challenges are worth nothing.
    pub credential_version: Option<i64>,
    /// Keyed hash of the request.
    #[sea_orm(column_type = "Blob")]
    pub request_hash: SecretBytes,
    /// The key of `request_hash`.
    #[sea_orm(column_type = "Text")]
    pub request_key_id: String,
    /// The network that the request came from: an IPv4 address or an IPv6 /64.
    #[sea_orm(column_type = "Text")]
    pub network: String,
    /// When the request was made.
    pub created_at_us: i64,
    /// When its challenges end.
    pub expires_at_us: i64,
    /// What must be solved.
    #[sea_orm(has_many)]
    pub challenges: HasMany<super::challenge::Entity>,
}

/// The daily numbers of codes are apart for these kinds of requests, so that nobody uses up another one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Budget {
    /// Logins by password.
    #[sea_orm(string_value = "login")]
    Login,
    /// Whatever needs a bearer besides.
    #[sea_orm(string_value = "bearer")]
    Bearer,
    /// Resets of a forgotten password, which anybody can ask for.
    #[sea_orm(string_value = "reset")]
    Reset,
    /// Sign-ups, which anybody can ask for.
    #[sea_orm(string_value = "sign_up")]
    SignUp,
}

impl ActiveModelBehavior for ActiveModel {}
