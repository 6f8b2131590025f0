//! What somebody would write who wants nothing but these three requests: poem and sqlx, one function each, no log, no
//! limits, no document. The statements are those that Kontor sends, in the same transactions.

mod sql;

use std::sync::Arc;

use argon2::{Argon2, PasswordVerifier as _};
use kontor::{auth::AccessToken, clock::Clock, random::Random};
use kontor_openapi::scalar::base32;
use poem::{
    Response,
    error::{InternalServerError, Unauthorized},
    http::{HeaderMap, StatusCode, header},
};
use sea_orm::sqlx::types::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

/// Settings of the instance as they are changed.
#[derive(Deserialize)]
struct Change {
    name: String,
    email: Option<String>,
    phone_number: Option<String>,
    website: Option<String>,
    logo: Option<String>,
    address: Value,
    jurisdiction: Value,
    use_stefan: bool,
}

/// Settings of the instance as they are shown.
#[derive(Serialize)]
struct Shown {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_validated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_validated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    merchant_pub: String,
    address: Value,
    jurisdiction: Value,
    use_stefan: bool,
    default_pay_delay: Delay,
    default_refund_delay: Delay,
    default_wire_transfer_delay: Delay,
    default_wire_transfer_rounding_interval: String,
    auth: Auth,
}

#[derive(Serialize)]
struct Delay {
    d_us: i64,
}

#[derive(Serialize)]
struct Auth {
    method: &'static str,
}

#[derive(Deserialize)]
struct TokenRequest {
    scope: String,
}

#[derive(Serialize)]
struct TokenGranted<'a> {
    token: &'a str,
    access_token: &'a str,
    scope: String,
    expiration: Expiration,
    refreshable: bool,
}

#[derive(Serialize)]
struct Expiration {
    t_s: i64,
}

/// A day.
const TOKEN_LIFETIME_US: i64 = 24 * 3600 * 1_000_000;
const LOGIN_WINDOW_US: i64 = 15 * 60 * 1_000_000;
const LOGIN_FAILURES: i64 = 10;

fn now_us() -> i64 {
    Clock::system().now().get()
}

fn bearer_digest(headers: &HeaderMap) -> poem::Result<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = value.ok_or_else(refused)?;
    Ok(Sha256::digest(token.as_bytes()).to_vec())
}

fn basic(headers: &HeaderMap) -> poem::Result<(String, String)> {
    let value = headers.get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let decoded = value.and_then(|value| data_encoding::BASE64.decode(value.as_bytes()).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = text.as_ref().and_then(|text| text.split_once(':'));
    let (user, password) = pair.ok_or_else(refused)?;
    Ok((user.to_owned(), password.to_owned()))
}

fn refused() -> poem::Error {
    Unauthorized(std::fmt::Error)
}

fn json(value: &impl Serialize) -> poem::Result<Response> {
    let body = serde_json::to_vec(value).map_err(InternalServerError)?;
    Ok(Response::builder()
        .content_type("application/json")
        .body(body))
}

async fn is_right(hashes: &Semaphore, password: String, stored: String) -> poem::Result<bool> {
    let _one_of_few = hashes.acquire().await.map_err(InternalServerError)?;
    let verify = move || {
        Argon2::default()
            .verify_password(password.as_bytes(), stored.as_str())
            .is_ok()
    };
    tokio::task::spawn_blocking(verify)
        .await
        .map_err(InternalServerError)
}

/// The handlers for one driver of sqlx, whose types do not allow to write them once for both.
macro_rules! handlers {
    ($driver:ident, $begin:literal, $pools:ident, $lock:expr, $add_token:expr) => {
        use sea_orm::sqlx::{
            Executor as _, Pool, Row as _, Transaction, query, query_scalar, $driver,
        };

        use super::*;

        struct State {
            readers: Pool<$driver>,
            writer: Pool<$driver>,
            hashes: Semaphore,
            random: Random,
        }

        struct Caller {
            instance_serial: i64,
            credential_version: i64,
            scope: Option<String>,
        }

        pub async fn routes(url: &str) -> crate::Result<poem::Route> {
            let (readers, writer) = super::$pools(url).await?;
            let cores = std::thread::available_parallelism()?.get();
            let state = Arc::new(State {
                readers,
                writer,
                hashes: Semaphore::new(cores),
                random: Random::system(),
            });
            let handler = |state: &Arc<State>, operation: Operation| {
                let state = Arc::clone(state);
                poem::endpoint::make(move |request| {
                    let state = Arc::clone(&state);
                    async move { state.answer(operation, request).await }
                })
            };
            let private = poem::RouteMethod::new()
                .get(handler(&state, Operation::Show))
                .patch(handler(&state, Operation::Change));
            let token = poem::RouteMethod::new().post(handler(&state, Operation::LogIn));
            Ok(poem::Route::new()
                .at("/instances/:instance/private", private)
                .at("/instances/:instance/private/token", token))
        }

        impl State {
            async fn answer(
                &self,
                operation: Operation,
                mut request: poem::Request,
            ) -> poem::Result<Response> {
                let instance: String = request.path_params().map_err(InternalServerError)?;
                let body = request.take_body();
                match operation {
                    Operation::Show => self.show(&instance, request.headers()).await,
                    Operation::Change => {
                        let body = body.into_bytes().await?;
                        self.change(&instance, request.headers(), &body).await
                    }
                    Operation::LogIn => {
                        let body = body.into_bytes().await?;
                        self.log_in(&instance, request.headers(), &body).await
                    }
                }
            }

            async fn caller(
                &self,
                instance: &str,
                digest: Option<Vec<u8>>,
            ) -> poem::Result<Caller> {
                let row = query(sql::ACCESS)
                    .bind(instance)
                    .bind(digest)
                    .bind(now_us())
                    .fetch_optional(&self.readers);
                let row = row
                    .await
                    .map_err(InternalServerError)?
                    .ok_or_else(refused)?;
                Ok(Caller {
                    instance_serial: row.get(0),
                    credential_version: row.get(3),
                    scope: row.get(9),
                })
            }

            async fn owner(&self, instance: &str, headers: &HeaderMap) -> poem::Result<i64> {
                let caller = self.caller(instance, Some(bearer_digest(headers)?)).await?;
                match caller.scope.as_deref() {
                    Some("all") => Ok(caller.instance_serial),
                    _ => Err(refused()),
                }
            }

            async fn show(&self, instance: &str, headers: &HeaderMap) -> poem::Result<Response> {
                let serial = self.owner(instance, headers).await?;
                let row = query(sql::INSTANCE).bind(serial).fetch_one(&self.readers);
                let row = row.await.map_err(InternalServerError)?;
                let (email, phone_number): (Option<String>, Option<String>) =
                    (row.get(3), row.get(4));
                let Json(address) = row.get::<Json<Value>, _>(7);
                let Json(jurisdiction) = row.get::<Json<Value>, _>(8);
                json(&Shown {
                    name: row.get(2),
                    email_validated: email.is_some().then_some(false),
                    email,
                    phone_validated: phone_number.is_some().then_some(false),
                    phone_number,
                    website: row.get(5),
                    logo: row.get(6),
                    merchant_pub: base32::encode(row.get::<&[u8], _>(14)),
                    address,
                    jurisdiction,
                    use_stefan: row.get(9),
                    default_pay_delay: Delay { d_us: row.get(10) },
                    default_refund_delay: Delay { d_us: row.get(11) },
                    default_wire_transfer_delay: Delay { d_us: row.get(12) },
                    default_wire_transfer_rounding_interval: row.get(13),
                    auth: Auth { method: "token" },
                })
            }

            async fn change(
                &self,
                instance: &str,
                headers: &HeaderMap,
                body: &[u8],
            ) -> poem::Result<Response> {
                let serial = self.owner(instance, headers).await?;
                let change: Change =
                    serde_json::from_slice(body).map_err(poem::error::BadRequest)?;
                let mut transaction = self.begin().await?;
                query(sql::UPDATE)
                    .bind(change.name)
                    .bind(change.email)
                    .bind(change.phone_number)
                    .bind(change.website)
                    .bind(change.logo)
                    .bind(Json(change.address))
                    .bind(Json(change.jurisdiction))
                    .bind(change.use_stefan)
                    .bind(serial)
                    .execute(&mut *transaction)
                    .await
                    .map_err(InternalServerError)?;
                transaction.commit().await.map_err(InternalServerError)?;
                Ok(StatusCode::NO_CONTENT.into())
            }

            async fn begin(&self) -> poem::Result<Transaction<'static, $driver>> {
                self.writer
                    .begin_with($begin)
                    .await
                    .map_err(InternalServerError)
            }

            async fn log_in(
                &self,
                instance: &str,
                headers: &HeaderMap,
                body: &[u8],
            ) -> poem::Result<Response> {
                let (user, password) = basic(headers)?;
                let caller = self.caller(instance, None).await?;
                if user != instance {
                    return Err(refused());
                }
                let request: TokenRequest =
                    serde_json::from_slice(body).map_err(poem::error::BadRequest)?;
                let attempt = self.reserve(caller.instance_serial).await?;
                let stored: String = query_scalar(sql::PASSWORD)
                    .bind(caller.instance_serial)
                    .fetch_one(&self.readers)
                    .await
                    .map_err(InternalServerError)?;
                if !is_right(&self.hashes, password, stored).await? {
                    return Err(refused());
                }
                self.release(attempt).await?;
                self.grant(&caller, request.scope).await
            }

            async fn reserve(&self, instance_serial: i64) -> poem::Result<i64> {
                let now_us = now_us();
                let mut transaction = self.begin().await?;
                let limit: i64 = query_scalar(sql::TOUCH_LIMIT)
                    .bind(instance_serial)
                    .bind("127.0.0.1")
                    .bind(now_us)
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(InternalServerError)?;
                let forget = query(sql::FORGET_ATTEMPTS)
                    .bind(limit)
                    .bind(now_us - LOGIN_WINDOW_US);
                transaction
                    .execute(forget)
                    .await
                    .map_err(InternalServerError)?;
                let counted: i64 = query_scalar(sql::COUNT_ATTEMPTS)
                    .bind(limit)
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(InternalServerError)?;
                if counted >= LOGIN_FAILURES {
                    return Err(refused());
                }
                let attempt: i64 = query_scalar(sql::ADD_ATTEMPT)
                    .bind(limit)
                    .bind(now_us)
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(InternalServerError)?;
                transaction.commit().await.map_err(InternalServerError)?;
                Ok(attempt)
            }

            async fn release(&self, attempt: i64) -> poem::Result<()> {
                let mut transaction = self.begin().await?;
                let release = query(sql::RELEASE_ATTEMPT).bind(attempt);
                transaction
                    .execute(release)
                    .await
                    .map_err(InternalServerError)?;
                transaction.commit().await.map_err(InternalServerError)
            }

            async fn grant(&self, caller: &Caller, scope: String) -> poem::Result<Response> {
                let (now_us, token) = (now_us(), AccessToken::generate(&self.random));
                let expires_at_us = now_us + TOKEN_LIFETIME_US;
                let mut transaction = self.begin().await?;
                if let Some(lock) = $lock {
                    let lock = query(lock).bind(caller.instance_serial);
                    transaction
                        .execute(lock)
                        .await
                        .map_err(InternalServerError)?;
                }
                let sweep = query(sql::SWEEP_TOKENS)
                    .bind(caller.instance_serial)
                    .bind(now_us);
                transaction
                    .execute(sweep)
                    .await
                    .map_err(InternalServerError)?;
                query($add_token)
                    .bind(caller.instance_serial)
                    .bind(caller.credential_version)
                    .bind(token.digest().as_bytes().to_vec())
                    .bind(&scope)
                    .bind(now_us)
                    .bind(expires_at_us)
                    .bind(TOKEN_LIFETIME_US)
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(InternalServerError)?;
                transaction.commit().await.map_err(InternalServerError)?;
                json(&TokenGranted {
                    token: token.expose(),
                    access_token: token.expose(),
                    scope,
                    expiration: Expiration {
                        t_s: expires_at_us / 1_000_000,
                    },
                    refreshable: false,
                })
            }
        }
    };
}

#[derive(Clone, Copy)]
enum Operation {
    Show,
    Change,
    LogIn,
}

/// The handlers on SQLite.
pub mod sqlite {
    handlers!(
        Sqlite,
        "BEGIN IMMEDIATE",
        sqlite_pools,
        None::<&'static str>,
        sql::ADD_TOKEN
    );
}

/// The handlers on PostgreSQL.
pub mod postgres {
    handlers!(
        Postgres,
        "BEGIN",
        postgres_pools,
        Some(sql::LOCK_CREDENTIAL),
        sql::ADD_TOKEN_LOCKING
    );
}

/// As many connections as Kontor has where nobody configures them.
const CONNECTIONS: u32 = 8;

async fn sqlite_pools(
    url: &str,
) -> crate::Result<(sea_orm::sqlx::SqlitePool, sea_orm::sqlx::SqlitePool)> {
    use sea_orm::sqlx::sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    };
    let options: SqliteConnectOptions = url.parse()?;
    let options = options
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = || SqlitePoolOptions::new().test_before_acquire(false);
    let readers = pool().max_connections(CONNECTIONS);
    Ok((
        readers.connect_with(options.clone()).await?,
        pool().max_connections(1).connect_with(options).await?,
    ))
}

async fn postgres_pools(
    url: &str,
) -> crate::Result<(sea_orm::sqlx::PgPool, sea_orm::sqlx::PgPool)> {
    let pool = sea_orm::sqlx::postgres::PgPoolOptions::new()
        .test_before_acquire(false)
        .max_connections(CONNECTIONS)
        .connect(url)
        .await?;
    Ok((pool.clone(), pool))
}
