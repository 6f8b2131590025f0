//! `audit_event`: who did what to an instance, when, and from where.

use sea_orm::entity::prelude::*;

/// Something that happened. The row refers to no other table, so that it outlives what it tells of.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    /// Number of the event; never given out twice.
    #[sea_orm(primary_key)]
    pub serial: i64,
    /// When it happened.
    pub at_us: i64,
    /// What happened: a dotted name of the server's fixed vocabulary.
    #[sea_orm(column_type = "Text")]
    pub event: String,
    /// Whether it was done.
    pub outcome: Outcome,
    /// The name of the instance that it is about.
    #[sea_orm(column_type = "Text")]
    pub instance_id: String,
    /// By what right it was done, or tried.
    pub actor_kind: ActorKind,
    /// The name of the instance whose credential that was.
    #[sea_orm(column_type = "Text")]
    pub actor_instance: Option<String>,
    /// The number of the access token, for [`ActorKind::Token`].
    pub actor_token_serial: Option<i64>,
    /// The user of the operating system, for [`ActorKind::CommandLine`].
    #[sea_orm(column_type = "Text")]
    pub actor_user: Option<String>,
    /// The network address of the client; none for the command line.
    #[sea_orm(column_type = "Text")]
    pub address: Option<String>,
    /// The id of the request; none for the command line.
    #[sea_orm(column_type = "Text")]
    pub request_id: Option<String>,
    /// What else is known of it: an object, whose members depend on the event.
    pub detail: Json,
}

/// Whether something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Outcome {
    /// It was.
    #[sea_orm(string_value = "ok")]
    Ok,
    /// It was refused.
    #[sea_orm(string_value = "refused")]
    Refused,
}

/// By what right something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ActorKind {
    /// The password of an instance.
    #[sea_orm(string_value = "password")]
    Password,
    /// A legacy secret of an instance.
    #[sea_orm(string_value = "legacy-secret")]
    LegacySecret,
    /// An access token of an instance.
    #[sea_orm(string_value = "token")]
    Token,
    /// Codes alone, that were sent to the owner of an instance.
    #[sea_orm(string_value = "second-factor")]
    SecondFactor,
    /// What stands in front of the server vouched for the caller.
    #[sea_orm(string_value = "external")]
    External,
    /// Access to the machine.
    #[sea_orm(string_value = "command-line")]
    CommandLine,
    /// None.
    #[sea_orm(string_value = "anonymous")]
    Anonymous,
}

impl ActiveModelBehavior for ActiveModel {}
