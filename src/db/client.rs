//! The OAuth 2.0 clients of the Challenger.

use entity::client::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder};

use super::{DatabaseError, WriteTransaction, credential::KeyedDigest, unique::only};

/// A client that is to be registered.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// The one URI that people are sent back to.
    pub redirect_uri: String,
    /// Keyed hash of its secret.
    pub secret: KeyedDigest,
    /// Whether it must send a code challenge (RFC 7636).
    pub requires_pkce: bool,
    /// Now.
    pub created_at_us: i64,
}

/// What is counted of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// Validations that it set up.
    Setups,
    /// Codes that were sent for it.
    CodesSent,
    /// Addresses that were proven to it.
    Validations,
}

impl Tally {
    const fn column(self) -> Column {
        match self {
            Self::Setups => Column::Setups,
            Self::CodesSent => Column::CodesSent,
            Self::Validations => Column::Validations,
        }
    }
}

/// Registers a client and returns its id.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(transaction: &WriteTransaction, new: &NewClient) -> Result<i64, DatabaseError> {
    let new = new.clone();
    let row = ActiveModel {
        serial: NotSet,
        redirect_uri: Set(new.redirect_uri),
        secret_hash: Set(new.secret.digest),
        secret_key_id: Set(new.secret.key_id),
        requires_pkce: Set(new.requires_pkce),
        created_at_us: Set(new.created_at_us),
        setups: Set(0),
        codes_sent: Set(0),
        validations: Set(0),
    };
    let inserted = Entity::insert(row).exec(transaction).await;
    Ok(inserted.map_err(DatabaseError::store)?.last_insert_id)
}

/// The client of this id.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    serial: i64,
) -> Result<Option<Model>, DatabaseError> {
    Ok(only(connection, Entity::find_by_id(serial)).await?)
}

/// All clients, the oldest first.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Model>, DatabaseError> {
    let all = Entity::find().order_by_asc(Column::Serial);
    Ok(all.all(connection).await?)
}

/// Gives a client another secret; the former one is worth nothing from then on. `false` if there is no such client.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn set_secret(
    transaction: &WriteTransaction,
    serial: i64,
    secret: &KeyedDigest,
) -> Result<bool, DatabaseError> {
    let secret = secret.clone();
    let row = ActiveModel {
        secret_hash: Set(secret.digest),
        secret_key_id: Set(secret.key_id),
        ..ActiveModel::default()
    };
    let update = Entity::update_many()
        .set(row)
        .filter(Column::Serial.eq(serial));
    Ok(update.exec(transaction).await?.rows_affected == 1)
}

/// Removes a client with all that it set up, its tokens included. `false` if there is no such client.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn delete(transaction: &WriteTransaction, serial: i64) -> Result<bool, DatabaseError> {
    let deleted = Entity::delete_by_id(serial).exec(transaction).await?;
    Ok(deleted.rows_affected == 1)
}

/// Counts one more for a client.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn count(
    transaction: &WriteTransaction,
    serial: i64,
    tally: Tally,
) -> Result<(), DatabaseError> {
    let column = tally.column();
    let update = Entity::update_many()
        .col_expr(column, ExprTrait::add(Expr::col(column), 1))
        .filter(Column::Serial.eq(serial));
    update.exec(transaction).await?;
    Ok(())
}
