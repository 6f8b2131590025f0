//! The tokens that show proven addresses to clients.

use entity::address_grant::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::prelude::Json;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{DatabaseError, WriteTransaction, unique::only};

/// A token that is to be handed out.
#[derive(Clone, Debug)]
pub struct NewAddressGrant {
    /// How the address was proven.
    pub validation_serial: i64,
    /// SHA-256 of the token.
    pub token_digest: [u8; 32],
    /// The address.
    pub address: Json,
    /// What kind of address it is.
    pub address_type: &'static str,
    /// Now.
    pub issued_at_us: i64,
    /// When the token ends.
    pub token_expires_at_us: i64,
    /// Until when the client may take the address for proven.
    pub address_expires_at_us: i64,
}

/// Stores a token.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    new: &NewAddressGrant,
) -> Result<(), DatabaseError> {
    let new = new.clone();
    let row = ActiveModel {
        serial: NotSet,
        validation_serial: Set(new.validation_serial),
        token_digest: Set(new.token_digest.to_vec()),
        address: Set(new.address),
        address_type: Set(new.address_type.to_owned()),
        issued_at_us: Set(new.issued_at_us),
        token_expires_at_us: Set(new.token_expires_at_us),
        address_expires_at_us: Set(new.address_expires_at_us),
    };
    let inserted = Entity::insert(row).exec_without_returning(transaction);
    inserted.await.map_err(DatabaseError::store)?;
    Ok(())
}

/// What a live token shows.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    token_digest: &[u8; 32],
    now_us: i64,
) -> Result<Option<Model>, DatabaseError> {
    let query = Entity::find()
        .filter(Column::TokenDigest.eq(token_digest.to_vec()))
        .filter(Column::TokenExpiresAtUs.gt(now_us));
    Ok(only(connection, query).await?)
}

/// Ends the tokens that a validation gave.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn end_of_validation(
    transaction: &WriteTransaction,
    validation_serial: i64,
) -> Result<(), DatabaseError> {
    let delete = Entity::delete_many().filter(Column::ValidationSerial.eq(validation_serial));
    delete.exec(transaction).await?;
    Ok(())
}
