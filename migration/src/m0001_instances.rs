//! Keys, merchant instances, their credentials and access tokens, and the login limit.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, blob, blob_null, boolean, json, text, text_null,
};

/// The first step: everything that instances and access tokens need.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0001_instances"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(key_table()).await?;
        manager.create_table(instance_table(manager)).await?;
        manager.create_table(credential_table()).await?;
        manager.create_table(access_token_table()).await?;
        manager.create_table(login_limit_table()).await?;
        manager.create_table(login_attempt_table()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// The keys of the key file that rows of this database were sealed or hashed with; `check_value` proves that a key file holds the same key.
fn key_table() -> TableCreateStatement {
    Table::create()
        .table(Key::Table)
        .col(text(Key::KeyId).primary_key())
        .col(blob(Key::CheckValue))
        .col(big_integer(Key::CreatedAtUs))
        .take()
}

fn instance_table(manager: &SchemaManager) -> TableCreateStatement {
    let mut instance_id = text(Instance::InstanceId).unique_key().take();
    if manager.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Postgres {
        // Without it the order of a list would depend on the locale of the cluster; SQLite compares bytes by itself.
        instance_id.extra("COLLATE \"C\"");
    }
    Table::create()
        .table(Instance::Table)
        .col(big_pk_auto(Instance::Serial))
        .col(instance_id)
        .col(text(Instance::Name))
        .col(text_null(Instance::Email))
        .col(text_null(Instance::PhoneNumber))
        .col(text_null(Instance::Website))
        .col(text_null(Instance::Logo))
        .col(json(Instance::Address))
        .col(json(Instance::Jurisdiction))
        .col(boolean(Instance::UseStefan))
        .col(big_integer(Instance::DefaultPayDelayUs))
        .col(big_integer(Instance::DefaultRefundDelayUs))
        .col(big_integer(Instance::DefaultWireTransferDelayUs))
        .col(text(Instance::DefaultWireTransferRoundingInterval))
        .col(blob(Instance::MerchantPub))
        .col(blob_null(Instance::MerchantPriv))
        .col(text_null(Instance::MerchantPrivKeyId))
        .col(big_integer(Instance::CreatedAtUs))
        .col(big_integer_null(Instance::DeletedAtUs))
        .foreign_key(&mut to_key(Instance::Table, Instance::MerchantPrivKeyId))
        .check(both_or_neither(
            Instance::MerchantPriv,
            Instance::MerchantPrivKeyId,
        ))
        .check(Expr::cust(
            "(merchant_priv IS NULL) = (deleted_at_us IS NOT NULL)",
        ))
        .check(Expr::cust("length(merchant_pub) = 32"))
        .take()
}

fn credential_table() -> TableCreateStatement {
    Table::create()
        .table(Credential::Table)
        .col(big_integer(Credential::InstanceSerial).primary_key())
        .col(big_integer(Credential::Version))
        .col(text(Credential::Method))
        .col(text_null(Credential::PasswordHash))
        .col(blob_null(Credential::BearerDigest))
        .col(text_null(Credential::BearerKeyId))
        .col(boolean(Credential::IsLegacy))
        .col(big_integer(Credential::ChangedAtUs))
        .foreign_key(&mut to_instance(
            Credential::Table,
            Credential::InstanceSerial,
        ))
        .foreign_key(&mut to_key(Credential::Table, Credential::BearerKeyId))
        .check(both_or_neither(
            Credential::BearerDigest,
            Credential::BearerKeyId,
        ))
        .check(Expr::col(Credential::Method).is_in(["token", "external"]))
        .check(Expr::cust(
            "(method = 'token') = (password_hash IS NOT NULL)",
        ))
        .take()
}

fn access_token_table() -> TableCreateStatement {
    Table::create()
        .table(AccessToken::Table)
        .col(big_pk_auto(AccessToken::Serial))
        .col(big_integer(AccessToken::InstanceSerial))
        .col(blob(AccessToken::Digest).unique_key())
        .col(text(AccessToken::Scope))
        .col(boolean(AccessToken::Refreshable))
        .col(text_null(AccessToken::Description))
        .col(big_integer(AccessToken::CreatedAtUs))
        .col(big_integer_null(AccessToken::ExpiresAtUs))
        .col(big_integer_null(AccessToken::LifetimeUs))
        .col(big_integer_null(AccessToken::ParentSerial))
        .foreign_key(&mut to_instance(
            AccessToken::Table,
            AccessToken::InstanceSerial,
        ))
        // No action: whoever ends a token says what becomes of those refreshed from it, and a forgotten one is an error.
        .foreign_key(
            ForeignKey::create()
                .from(AccessToken::Table, AccessToken::ParentSerial)
                .to(AccessToken::Table, AccessToken::Serial),
        )
        .check(Expr::cust("length(digest) = 32"))
        .take()
}

fn login_limit_table() -> TableCreateStatement {
    Table::create()
        .table(LoginLimit::Table)
        .col(big_pk_auto(LoginLimit::Serial))
        .col(big_integer(LoginLimit::InstanceSerial))
        .col(text(LoginLimit::Network))
        .col(big_integer(LoginLimit::TouchedAtUs))
        .foreign_key(&mut to_instance(
            LoginLimit::Table,
            LoginLimit::InstanceSerial,
        ))
        .take()
}

fn login_attempt_table() -> TableCreateStatement {
    Table::create()
        .table(LoginAttempt::Table)
        .col(big_pk_auto(LoginAttempt::Serial))
        .col(big_integer(LoginAttempt::LoginLimitSerial))
        .col(big_integer(LoginAttempt::AtUs))
        .foreign_key(
            ForeignKey::create()
                .from(LoginAttempt::Table, LoginAttempt::LoginLimitSerial)
                .to(LoginLimit::Table, LoginLimit::Serial)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &str| Index::create().name(name).to_owned();
    vec![
        index("access_token_by_instance")
            .table(AccessToken::Table)
            .col(AccessToken::InstanceSerial)
            .col(AccessToken::Serial)
            .take(),
        index("access_token_by_parent")
            .table(AccessToken::Table)
            .col(AccessToken::ParentSerial)
            .take(),
        index("access_token_by_expiry")
            .table(AccessToken::Table)
            .col(AccessToken::InstanceSerial)
            .col(AccessToken::ExpiresAtUs)
            .take(),
        index("login_limit_by_network")
            .unique()
            .table(LoginLimit::Table)
            .col(LoginLimit::InstanceSerial)
            .col(LoginLimit::Network)
            .take(),
        index("login_limit_by_time")
            .table(LoginLimit::Table)
            .col(LoginLimit::TouchedAtUs)
            .take(),
        index("login_attempt_by_time")
            .table(LoginAttempt::Table)
            .col(LoginAttempt::LoginLimitSerial)
            .col(LoginAttempt::AtUs)
            .take(),
    ]
}

/// Rows of an instance go with it.
fn to_instance(table: impl IntoIden, column: impl IntoIden) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table.into_iden(), column.into_iden())
        .to(Instance::Table, Instance::Serial)
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// A key cannot be dropped while a row names it.
fn to_key(table: impl IntoIden, column: impl IntoIden) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table.into_iden(), column.into_iden())
        .to(Key::Table, Key::KeyId)
        .take()
}

/// Sealed or keyed bytes always name their key.
fn both_or_neither(value: impl IntoIden, key_id: impl IntoIden) -> Expr {
    Expr::col(value.into_iden())
        .is_null()
        .eq(Expr::col(key_id.into_iden()).is_null())
}

#[derive(DeriveIden)]
enum Key {
    Table,
    KeyId,
    CheckValue,
    CreatedAtUs,
}

#[derive(DeriveIden)]
enum Instance {
    Table,
    Serial,
    InstanceId,
    Name,
    Email,
    PhoneNumber,
    Website,
    Logo,
    Address,
    Jurisdiction,
    UseStefan,
    DefaultPayDelayUs,
    DefaultRefundDelayUs,
    DefaultWireTransferDelayUs,
    DefaultWireTransferRoundingInterval,
    MerchantPub,
    MerchantPriv,
    MerchantPrivKeyId,
    CreatedAtUs,
    DeletedAtUs,
}

#[derive(DeriveIden)]
enum Credential {
    Table,
    InstanceSerial,
    Version,
    Method,
    PasswordHash,
    BearerDigest,
    BearerKeyId,
    IsLegacy,
    ChangedAtUs,
}

#[derive(DeriveIden)]
enum AccessToken {
    Table,
    Serial,
    InstanceSerial,
    Digest,
    Scope,
    Refreshable,
    Description,
    CreatedAtUs,
    ExpiresAtUs,
    LifetimeUs,
    ParentSerial,
}

#[derive(DeriveIden)]
enum LoginLimit {
    Table,
    Serial,
    InstanceSerial,
    Network,
    TouchedAtUs,
}

#[derive(DeriveIden)]
enum LoginAttempt {
    Table,
    Serial,
    LoginLimitSerial,
    AtUs,
}
