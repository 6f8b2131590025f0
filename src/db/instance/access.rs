//! The one query that every request to an instance begins with.

use entity::SecretBytes;
use entity::challenge::Channel;
use entity::credential::Method;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::db::DatabaseError;

/// What a request needs to decide whether it may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceAccess {
    /// The instance that was asked for.
    pub instance: InstanceOfAccess,
    /// Its credential; `None` only while it is being set up.
    pub credential: Option<CredentialOfAccess>,
    /// The token that was presented, if it is one of this instance and has not expired.
    pub token: Option<TokenOfAccess>,
}

/// Which instance it is. All its settings: [`super::find_by_serial`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceOfAccess {
    /// Number of its row.
    pub serial: i64,
    /// Its name.
    pub instance_id: String,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Whether it must have a factor on every mandatory channel.
    pub is_bound: bool,
    /// The channels on which it has a factor.
    pub factors: Vec<Channel>,
}

/// The credential without the password hash, which only a login needs: [`crate::db::credential::find`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialOfAccess {
    /// What was proven against another version is worth nothing.
    pub version: i64,
    /// How the owner proves to be the owner.
    pub method: Method,
    /// Keyed hash of a strong legacy secret.
    pub bearer_digest: Option<SecretBytes>,
    /// The key of `bearer_digest`.
    pub bearer_key_id: Option<String>,
    /// Whether the secret is a bearer on every call.
    pub is_legacy: bool,
}

/// A live access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOfAccess {
    /// Number of the token.
    pub serial: i64,
    /// What it may do, as the API spells scopes.
    pub scope: String,
    /// Whether another token may be obtained with it.
    pub refreshable: bool,
    /// When it ends; `None`: never.
    pub expires_at_us: Option<i64>,
    /// For how long it was granted; `None`: for ever.
    pub lifetime_us: Option<i64>,
}

/// Written out, and read by position: through the query builder of the ORM it costs half as much again.
const FIND_WITH_BEARER: &str = "\
    SELECT i.serial, i.instance_id, i.deleted_at_us IS NOT NULL, \
           c.version, c.method, c.bearer_digest, c.bearer_key_id, c.is_legacy, \
           t.serial, t.scope, t.refreshable, t.expires_at_us, t.lifetime_us, \
           i.is_bound, i.email_factor IS NOT NULL, i.phone_factor IS NOT NULL \
    FROM instance i \
    LEFT JOIN credential c ON c.instance_serial = i.serial \
    LEFT JOIN access_token t ON t.digest = $2 AND t.instance_serial = i.serial \
         AND (t.expires_at_us IS NULL OR t.expires_at_us > $3) \
    WHERE i.instance_id = $1";

/// The instance of that name, deleted or not, with its credential and the token whose SHA-256 is `token_digest`; `None` if there is no such instance.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_with_bearer(
    connection: &impl ConnectionTrait,
    instance_id: &str,
    token_digest: Option<&[u8]>,
    now_us: i64,
) -> Result<Option<InstanceAccess>, DatabaseError> {
    let values: [Value; 3] = [
        instance_id.into(),
        token_digest.map(<[u8]>::to_vec).into(),
        now_us.into(),
    ];
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, FIND_WITH_BEARER, values);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.as_ref().map(read_row).transpose()?)
}

fn read_row(row: &QueryResult) -> Result<InstanceAccess, DbErr> {
    let instance = InstanceOfAccess {
        serial: row.try_get_by_index(0)?,
        instance_id: row.try_get_by_index(1)?,
        is_deleted: row.try_get_by_index(2)?,
        is_bound: row.try_get_by_index(13)?,
        factors: factors(row)?,
    };
    let credential = match row.try_get_by_index::<Option<i64>>(3)? {
        None => None,
        Some(version) => Some(CredentialOfAccess {
            version,
            method: row.try_get_by_index(4)?,
            bearer_digest: row.try_get_by_index(5)?,
            bearer_key_id: row.try_get_by_index(6)?,
            is_legacy: row.try_get_by_index(7)?,
        }),
    };
    let token = match row.try_get_by_index::<Option<i64>>(8)? {
        None => None,
        Some(serial) => Some(TokenOfAccess {
            serial,
            scope: row.try_get_by_index(9)?,
            refreshable: row.try_get_by_index(10)?,
            expires_at_us: row.try_get_by_index(11)?,
            lifetime_us: row.try_get_by_index(12)?,
        }),
    };
    Ok(InstanceAccess {
        instance,
        credential,
        token,
    })
}

fn factors(row: &QueryResult) -> Result<Vec<Channel>, DbErr> {
    let mut factors = Vec::new();
    for (index, channel) in [(14, Channel::Email), (15, Channel::Sms)] {
        if row.try_get_by_index(index)? {
            factors.push(channel);
        }
    }
    Ok(factors)
}
