//! A database for each test, and rows to begin with.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use entity::{SecretBytes, SecretText};
use futures_util::FutureExt;
use kontor::db::credential::NewCredential;
use kontor::db::instance::{InstanceDefaults, InstanceProfile, NewFactors, NewInstance};
use kontor::db::{
    Database, DatabaseError, DatabaseSettings, WriteTransaction, credential, instance, key,
};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

/// The instant at which tests begin.
pub const NOW: i64 = 1_700_000_000_000_000;
/// The key that sealed rows name.
pub const KEY_ID: &str = "k1";

/// What a closure under test fails with.
#[derive(Debug)]
pub enum TestError {
    Refused,
    Database(DatabaseError),
}

impl From<DatabaseError> for TestError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

/// A database of one test, with the current schema.
pub struct TestDatabase {
    pub settings: DatabaseSettings,
    pub database: Database,
    place: Place,
}

enum Place {
    Sqlite(TempDir),
    Postgres { server: String, schema: String },
}

/// The server that the tests run on; `None`: SQLite.
pub fn postgres_url() -> Option<String> {
    std::env::var("KONTOR_TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}

/// Runs a test on a database of its own with the current schema, and removes that whatever happens.
pub async fn on_database(test: impl AsyncFnOnce(&TestDatabase)) {
    on_empty_database(async |empty| {
        empty.database.migrate().await.expect("the schema");
        test(empty).await;
    })
    .await;
}

/// The same without a schema.
pub async fn on_empty_database(test: impl AsyncFnOnce(&TestDatabase)) {
    let database = TestDatabase::create().await;
    let outcome = AssertUnwindSafe(test(&database)).catch_unwind().await;
    database.remove().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

impl TestDatabase {
    pub async fn create() -> Self {
        let (place, url) = match postgres_url() {
            None => {
                let folder = tempfile::tempdir().expect("a folder");
                let url = format!("sqlite://{}", folder.path().join("test.db").display());
                (Place::Sqlite(folder), url)
            }
            Some(server) => {
                static NEXT: AtomicU32 = AtomicU32::new(0);
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let schema = format!("kontor_test_{}_{number}", std::process::id());
                execute_on(&server, &format!("CREATE SCHEMA {schema}")).await;
                let mark = if server.contains('?') { '&' } else { '?' };
                let url = format!("{server}{mark}options=-c%20search_path%3D{schema}");
                (Place::Postgres { server, schema }, url)
            }
        };
        let mut settings = DatabaseSettings::new(url);
        settings.write_deadline = Duration::from_millis(3000);
        settings.max_connections = Some(8);
        let database = Database::connect(&settings).await.expect("a connection");
        Self {
            settings,
            database,
            place,
        }
    }

    pub async fn remove(self) {
        self.database.close().await;
        match self.place {
            Place::Sqlite(folder) => folder.close().expect("an empty folder"),
            Place::Postgres { server, schema } => {
                execute_on(&server, &format!("DROP SCHEMA {schema} CASCADE")).await;
            }
        }
    }

    /// Another door to the same database, with other settings.
    pub async fn reopen(&self, adjust: impl FnOnce(&mut DatabaseSettings)) -> Database {
        let mut settings = self.settings.clone();
        adjust(&mut settings);
        Database::connect(&settings)
            .await
            .expect("a second connection")
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.place, Place::Sqlite(_))
    }

    /// How many keys are stored: tests of the doors write keys, the simplest rows.
    pub async fn key_count(&self) -> usize {
        key::all(self.database.read()).await.expect("keys").len()
    }

    /// A new instance with a password; returns its serial.
    pub async fn add_instance(&self, instance_id: &str) -> i64 {
        let new = new_instance(instance_id);
        let written = self.database.write(move |transaction| {
            let new = new.clone();
            Box::pin(async move {
                insert_key(transaction, KEY_ID).await?;
                let serial = instance::insert(transaction, &new)
                    .await?
                    .ok_or(TestError::Refused)?;
                credential::set(transaction, serial, &password(), NOW).await?;
                Ok::<_, TestError>(serial)
            })
        });
        written.await.expect("a new instance")
    }
}

async fn execute_on(server: &str, sql: &str) {
    let connection = sea_orm::Database::connect(server).await.expect("a server");
    connection
        .execute_unprepared(sql)
        .await
        .expect("a schema of the test");
    connection.close().await.expect("the end of a connection");
}

/// Notes a key; `false` if it is there.
pub async fn insert_key(
    transaction: &WriteTransaction,
    key_id: &str,
) -> Result<bool, DatabaseError> {
    key::insert(transaction, key_id, &SecretBytes::new(*b"check"), NOW).await
}

pub fn password() -> NewCredential {
    NewCredential::Password {
        hash: SecretText::new("$argon2id$of-a-test"),
    }
}

pub fn profile() -> InstanceProfile {
    InstanceProfile {
        name: "Shop".to_owned(),
        email: Some("shop@example.com".to_owned()),
        phone_number: None,
        website: None,
        logo: Some("data:image/png;base64,AAAA".to_owned()),
        address: serde_json::json!({"town": "Brügge", "country": "BE"}),
        jurisdiction: serde_json::json!({}),
        use_stefan: true,
    }
}

pub fn new_instance(instance_id: &str) -> NewInstance {
    NewInstance {
        factors: NewFactors::default(),
        instance_id: instance_id.to_owned(),
        profile: profile(),
        defaults: InstanceDefaults {
            pay_delay_us: 1,
            refund_delay_us: 2,
            wire_transfer_delay_us: 3,
            wire_transfer_rounding_interval: "NONE".to_owned(),
        },
        merchant_pub: vec![7; 32],
        merchant_priv: SecretBytes::new(*b"sealed"),
        merchant_priv_key_id: KEY_ID.to_owned(),
        created_at_us: NOW,
    }
}
