//! The bearer tokens that instances handed out.

use entity::access_token::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
};

use super::{DatabaseError, Page, WriteTransaction, credential};

/// A token that is to be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccessToken {
    /// The instance that it opens.
    pub instance_serial: i64,
    /// The version of the credential that the login or the refresh was checked against.
    pub credential_version: i64,
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// What it may do, as the API spells scopes.
    pub scope: String,
    /// Whether another token may be obtained with it.
    pub refreshable: bool,
    /// What its owner notes about it.
    pub description: Option<String>,
    /// Now.
    pub created_at_us: i64,
    /// When it ends; `None`: never.
    pub expires_at_us: Option<i64>,
    /// For how long it is granted; `None`: for ever.
    pub lifetime_us: Option<i64>,
    /// The token that it is refreshed from.
    pub parent_serial: Option<i64>,
}

/// Stores a token and returns its serial; `None` if meanwhile the credential was changed, the instance purged, or the parent ended or expired.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    new: &NewAccessToken,
) -> Result<Option<i64>, DatabaseError> {
    let backend = transaction.get_database_backend();
    let new = new.clone();
    let values: [Value; 10] = [
        new.instance_serial.into(),
        new.credential_version.into(),
        new.digest.to_vec().into(),
        new.scope.into(),
        new.refreshable.into(),
        new.description.into(),
        new.created_at_us.into(),
        new.expires_at_us.into(),
        new.lifetime_us.into(),
        new.parent_serial.into(),
    ];
    let sql = insert_sql(backend, new.parent_serial.is_some());
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let row = transaction
        .query_one_raw(statement)
        .await
        .map_err(DatabaseError::store)?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The rows that the token rests on are locked for sharing: a change of the credential or the end of the parent comes either before, and then there is
/// no row to insert, or after, and then it sees the new token.
fn insert_sql(backend: DbBackend, has_parent: bool) -> String {
    let root = match has_parent {
        true => "COALESCE(p.root_serial, p.serial)",
        false => "NULL",
    };
    let parent = match has_parent {
        true => {
            "JOIN access_token p ON p.serial = $10 AND p.instance_serial = c.instance_serial \
             AND (p.expires_at_us IS NULL OR p.expires_at_us > $7)"
        }
        false => "",
    };
    let lock = match (backend, has_parent) {
        (DbBackend::Postgres, true) => "FOR SHARE OF c, p",
        (DbBackend::Postgres, false) => "FOR SHARE OF c",
        _ => "",
    };
    format!(
        "INSERT INTO access_token (instance_serial, digest, scope, refreshable, description, \
         created_at_us, expires_at_us, lifetime_us, parent_serial, root_serial) \
         SELECT c.instance_serial, $3, $4, $5, $6, $7, $8, $9, $10, {root} FROM credential c {parent} \
         WHERE c.instance_serial = $1 AND c.version = $2 {lock} RETURNING serial"
    )
}

/// The live tokens of an instance, by serial.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn list(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
    page: Page,
    now_us: i64,
) -> Result<Vec<Model>, DatabaseError> {
    let is_live = Condition::any()
        .add(Column::ExpiresAtUs.is_null())
        .add(Column::ExpiresAtUs.gt(now_us));
    let query = Entity::find()
        .filter(Column::InstanceSerial.eq(instance_serial))
        .filter(is_live);
    Ok(page.of(query, Column::Serial).all(connection).await?)
}

/// Whether a token of the instance has neither ended nor expired.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn is_live(
    connection: &impl ConnectionTrait,
    instance_serial: i64,
    serial: i64,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let found = Entity::find_by_id(serial)
        .filter(Column::InstanceSerial.eq(instance_serial))
        .one(connection)
        .await?;
    Ok(found.is_some_and(|token| token.expires_at_us.is_none_or(|expires| expires > now_us)))
}

/// Ends one token alone; `false` if there is none of that serial in the instance. What was refreshed from it now counts as refreshed from its parent.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn end_alone(
    transaction: &WriteTransaction,
    instance_serial: i64,
    serial: i64,
) -> Result<bool, DatabaseError> {
    const ADOPT: &str = "\
        UPDATE access_token SET parent_serial = (SELECT ended.parent_serial FROM access_token ended WHERE ended.serial = $1) \
        WHERE parent_serial = $1 AND instance_serial = $2";
    credential::lock(transaction, instance_serial).await?;
    let values = [serial.into(), instance_serial.into()];
    let backend = transaction.get_database_backend();
    transaction
        .execute_raw(Statement::from_sql_and_values(backend, ADOPT, values))
        .await?;
    let delete = Entity::delete_many()
        .filter(Column::Serial.eq(serial))
        .filter(Column::InstanceSerial.eq(instance_serial));
    Ok(delete.exec(transaction).await?.rows_affected == 1)
}

/// Ends a token with everything that was refreshed from it; `false` if there is none of that serial in the instance, and nothing that came from one which
/// was the first of its chain.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn revoke(
    transaction: &WriteTransaction,
    instance_serial: i64,
    serial: i64,
) -> Result<bool, DatabaseError> {
    const SQL: &str = "\
        WITH RECURSIVE revoked (serial) AS ( \
            SELECT serial FROM access_token WHERE (serial = $1 OR root_serial = $1) AND instance_serial = $2 \
            UNION SELECT child.serial FROM access_token child JOIN revoked ON child.parent_serial = revoked.serial) \
        DELETE FROM access_token WHERE serial IN (SELECT serial FROM revoked)";
    credential::lock(transaction, instance_serial).await?;
    let values = [serial.into(), instance_serial.into()];
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, SQL, values);
    Ok(transaction.execute_raw(statement).await?.rows_affected() > 0)
}

/// Ends all tokens of an instance and returns how many there were.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn end_all(
    transaction: &WriteTransaction,
    instance_serial: i64,
) -> Result<u64, DatabaseError> {
    credential::lock(transaction, instance_serial).await?;
    let delete = Entity::delete_many().filter(Column::InstanceSerial.eq(instance_serial));
    Ok(delete.exec(transaction).await?.rows_affected)
}

/// Removes expired tokens of an instance, at most `most`, and returns how many. What was refreshed from one of them now counts as refreshed from its
/// parent, and can still be revoked through the first token of its chain.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_expired(
    transaction: &WriteTransaction,
    instance_serial: i64,
    now_us: i64,
    most: u32,
) -> Result<u64, DatabaseError> {
    credential::lock(transaction, instance_serial).await?;
    let expired: Vec<i64> = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(Column::InstanceSerial.eq(instance_serial))
        .filter(Column::ExpiresAtUs.lte(now_us))
        .limit(u64::from(most))
        .into_tuple()
        .all(transaction)
        .await?;
    if expired.is_empty() {
        return Ok(0);
    }
    // Each round leads one step up, past those that go.
    while pass_on_children(transaction, &expired).await? > 0 {}
    let delete = Entity::delete_many().filter(Column::Serial.is_in(expired));
    Ok(delete.exec(transaction).await?.rows_affected)
}

/// Makes the children of these tokens those of their parents, and returns how many there were.
async fn pass_on_children(
    transaction: &WriteTransaction,
    of: &[i64],
) -> Result<u64, DatabaseError> {
    let grandparent = Expr::cust(
        "(SELECT parent.parent_serial FROM access_token parent WHERE parent.serial = access_token.parent_serial)",
    );
    let update = Entity::update_many()
        .col_expr(Column::ParentSerial, grandparent)
        .filter(Column::ParentSerial.is_in(of.iter().copied()));
    Ok(update.exec(transaction).await?.rows_affected)
}

/// The instance whose token has been expired for longest, if any has.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn longest_expired(
    connection: &impl ConnectionTrait,
    now_us: i64,
) -> Result<Option<i64>, DatabaseError> {
    let query = Entity::find()
        .select_only()
        .column(Column::InstanceSerial)
        .filter(Column::ExpiresAtUs.lte(now_us))
        .order_by_asc(Column::ExpiresAtUs)
        .limit(1);
    Ok(query.into_tuple().one(connection).await?)
}
