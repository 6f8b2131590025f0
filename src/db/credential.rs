//! How the owner of an instance logs in.

use entity::credential::{Entity, Method, Model};
use entity::{SecretBytes, SecretText};
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, EntityTrait, Statement, Value};

use super::{DatabaseError, WriteTransaction, unique::only};

/// What a credential is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewCredential {
    /// A password.
    Password {
        /// The argon2 string.
        hash: SecretText,
    },
    /// A secret in the legacy form: it is the password and a bearer as well.
    Legacy {
        /// The argon2 string.
        hash: SecretText,
        /// For a secret with enough entropy: its keyed hash, by which a bearer is recognised without argon2.
        bearer: Option<KeyedDigest>,
    },
    /// Something in front of the server decides.
    External,
}

/// A keyed hash with the name of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedDigest {
    /// The hash.
    pub digest: SecretBytes,
    /// The key; must be noted in the database.
    pub key_id: String,
}

/// The credential of an instance.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
) -> Result<Option<Model>, DatabaseError> {
    Ok(only(connection, Entity::find_by_id(instance_serial)).await?)
}

/// Sets the credential of an instance and returns its new version, greater than any it had. Tokens are not touched: see
/// [`super::access_token::end_all`], to be called after this in the same write.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn set(
    transaction: &WriteTransaction,
    instance_serial: i64,
    new: &NewCredential,
    now_us: i64,
) -> Result<i64, DatabaseError> {
    const SQL: &str = "\
        INSERT INTO credential (instance_serial, version, method, password_hash, bearer_digest, bearer_key_id, is_legacy, changed_at_us) \
        VALUES ($1, 1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (instance_serial) DO UPDATE SET \
            version = credential.version + 1, method = excluded.method, password_hash = excluded.password_hash, \
            bearer_digest = excluded.bearer_digest, bearer_key_id = excluded.bearer_key_id, \
            is_legacy = excluded.is_legacy, changed_at_us = excluded.changed_at_us \
        RETURNING version";
    let (method, hash, bearer, is_legacy) = match new.clone() {
        NewCredential::Password { hash } => (Method::Token, Some(hash), None, false),
        NewCredential::Legacy { hash, bearer } => (Method::Token, Some(hash), bearer, true),
        NewCredential::External => (Method::External, None, None, false),
    };
    let (digest, key_id) = bearer.map(|bearer| (bearer.digest, bearer.key_id)).unzip();
    let values: [Value; 7] = [
        instance_serial.into(),
        method.to_value().into(),
        hash.into(),
        digest.into(),
        key_id.into(),
        is_legacy.into(),
        now_us.into(),
    ];
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), SQL, values);
    let row = transaction
        .query_one_raw(statement)
        .await
        .map_err(DatabaseError::store)?;
    let row = row.ok_or_else(|| DatabaseError::Invariant("an upsert without a row".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}

/// Whether the credential still has this version, which it then keeps until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn still_holds(
    transaction: &WriteTransaction,
    instance_serial: i64,
    version: i64,
) -> Result<bool, DatabaseError> {
    lock(transaction, instance_serial).await?;
    let found = find(transaction, instance_serial).await?;
    Ok(found.is_some_and(|credential| credential.version == version))
}

/// Keeps others from handing out or refreshing tokens of the instance until this write ends. Whoever ends more than one token takes it first, so that
/// a token refreshed at the same moment cannot escape.
pub(super) async fn lock(
    transaction: &WriteTransaction,
    instance_serial: i64,
) -> Result<(), DatabaseError> {
    let backend = transaction.get_database_backend();
    // SQLite has one writer.
    if backend == DbBackend::Postgres {
        const SQL: &str = "SELECT 1 FROM credential WHERE instance_serial = $1 FOR NO KEY UPDATE";
        let statement = Statement::from_sql_and_values(backend, SQL, [instance_serial.into()]);
        transaction
            .query_one_raw(statement)
            .await
            .map_err(DatabaseError::store)?;
    }
    Ok(())
}
