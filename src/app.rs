//! All that an operation holds: database, clock, random source, settings, hasher, keys.

use std::{num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use entity::{SecretBytes, challenge::Channel};

use crate::{
    auth::{HashCost, Hasher, HasherSettings, HasherStartError, VerifiedSecrets},
    clock::Clock,
    config::{PublicUrl, Settings, TanChannel},
    db::{self, Database, DatabaseError, DatabaseSettings, SchemaStatus},
    http::{
        Deadline, LongPoll,
        outbound::{OutboundClient, OutboundSettings, OutboundStartError},
    },
    legal::{LegalDocuments, LegalError},
    metrics::{ChallengerMetrics, CodeMetrics},
    random::Random,
    secrets::{KeyFile, KeyFileError, KeyedHash, Keyring, WrongKey},
    tan::{Delivery, Undeliverable},
};

/// The application. The server, the command line and the tests all make it by [`App::open`].
pub struct App {
    /// The database.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Random bytes.
    pub random: Random,
    /// The settings.
    pub settings: Arc<Settings>,
    /// Where clients see the root, with a trailing slash.
    pub public_url: PublicUrl,
    /// Computes password hashes.
    pub hasher: Hasher,
    /// The keys of the key file.
    pub keyring: Keyring,
    /// Weak legacy secrets that were verified already.
    pub verified_secrets: VerifiedSecrets,
    /// Terms of service and privacy policy.
    pub legal: LegalDocuments,
    /// How confirmation codes reach people.
    pub tan: Delivery,
    /// How other servers are called.
    pub outbound: OutboundClient,
    /// How many confirmation codes did what.
    pub codes: CodeMetrics,
    /// What the Challenger did.
    pub challenger_metrics: ChallengerMetrics,
    /// The channels on which an instance that signed up by itself must have a factor.
    pub mandatory_channels: Vec<Channel>,
}

/// Why the application cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that only shows to be wrong when it is used.
    #[error("{0}")]
    Settings(String),
    /// The documents of the operator.
    #[error(transparent)]
    Legal(#[from] LegalError),
    /// A setting of `[tan]`.
    #[error(transparent)]
    Tan(#[from] Undeliverable),
    /// A setting of `[outbound]`.
    #[error(transparent)]
    Outbound(#[from] OutboundStartError),
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The key file is not that of the database.
    #[error("the key file {path} does not belong to this database: {reason}")]
    WrongKey {
        /// The key file.
        path: String,
        /// What does not fit.
        reason: WrongKey,
    },
    /// The key file is missing, and the database has data that it sealed.
    #[error(
        "the key file {0} is missing, and this database was written with one; restore it from its backup"
    )]
    KeyFileLost(String),
    /// The hashing pool.
    #[error(transparent)]
    Hasher(#[from] HasherStartError),
    /// The schema is not that of this program, and may not be changed now.
    #[error("the tables of the database are not those of this program; run `kontor migrate`")]
    SchemaBehind,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Whether tables may be made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migration {
    /// They are brought up to date.
    Allowed,
    /// They are made in an empty database; elsewhere they must be up to date.
    OfEmpty,
    /// They must be up to date.
    Refused,
}

impl App {
    /// Opens the database, brings its tables up to date where allowed, and finds or makes the key file.
    ///
    /// # Errors
    /// Whatever keeps it from working; nothing is left half made.
    pub async fn open(
        settings: Settings,
        migration: Migration,
        clock: Clock,
        random: Random,
    ) -> Result<Self, StartError> {
        let tan = Delivery::start(&settings.tan, &clock, &random)?;
        Self::open_with(settings, migration, clock, random, tan).await
    }

    /// As [`App::open`], with another way for confirmation codes than the settings alone name.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_with(
        settings: Settings,
        migration: Migration,
        clock: Clock,
        random: Random,
        tan: Delivery,
    ) -> Result<Self, StartError> {
        let public_url = settings
            .merchant
            .public_url()
            .map_err(StartError::Settings)?;
        let merchant = &settings.merchant;
        let legal = LegalDocuments::load(
            (merchant.terms.as_deref(), merchant.terms_version.clone()),
            (
                merchant.privacy.as_deref(),
                merchant.privacy_version.clone(),
            ),
        )?;
        let outbound = OutboundClient::new(&outbound_settings(&settings))?;
        let hasher = Hasher::start(hasher_settings(&settings), random.clone())?;
        let database = Database::connect(&database_settings(&settings)).await?;
        let keyring = prepare(
            &database,
            migration,
            &settings.secrets.key_file,
            &clock,
            &random,
        )
        .await?;
        Ok(Self {
            verified_secrets: VerifiedSecrets::new(
                keyring.clone(),
                VerifiedSecrets::DEFAULT_CAPACITY,
            ),
            database,
            clock,
            random,
            public_url,
            hasher,
            keyring,
            legal,
            mandatory_channels: mandatory_channels(&settings),
            settings: Arc::new(settings),
            tan,
            outbound,
            codes: CodeMetrics::default(),
            challenger_metrics: ChallengerMetrics::default(),
        })
    }

    /// Now, in microseconds since 1970.
    #[must_use]
    pub fn now_us(&self) -> i64 {
        self.clock.now().get()
    }

    /// How long a request may wait for a change that asks for `timeout_ms` milliseconds: not at all where as many wait as half of
    /// the connections, so that there are always some for whoever does not wait.
    #[must_use]
    pub fn long_poll(&self, deadline: &Deadline, timeout_ms: Option<u64>) -> LongPoll<'_> {
        let limits = &self.settings.limits;
        let changes = self.database.changes();
        let longest = match changes.waiting() < limits.connections / 2 {
            true => limits.long_poll,
            false => Duration::ZERO,
        };
        LongPoll::new(changes, deadline, longest, timeout_ms)
    }
}

/// The channels on which an instance that signs up by itself must have a factor.
#[must_use]
pub fn mandatory_channels(settings: &Settings) -> Vec<Channel> {
    let channels = settings.merchant.mandatory_tan_channels.iter();
    channels
        .map(|channel| match channel {
            TanChannel::Email => Channel::Email,
            TanChannel::Sms => Channel::Sms,
        })
        .collect()
}

/// What the database needs of the settings.
#[must_use]
pub fn database_settings(settings: &Settings) -> DatabaseSettings {
    DatabaseSettings {
        max_connections: Some(settings.database.max_connections),
        busy_timeout: settings.database.acquire_timeout,
        ..DatabaseSettings::new(settings.database.url.expose())
    }
}

/// What the client for other servers needs of the settings.
#[must_use]
pub fn outbound_settings(settings: &Settings) -> OutboundSettings {
    OutboundSettings {
        allowed_networks: settings.outbound.allowed_networks.clone(),
        ca_file: settings.outbound.ca_file.clone(),
        ..OutboundSettings::default()
    }
}

fn hasher_settings(settings: &Settings) -> HasherSettings {
    let passwords = &settings.passwords;
    let defaults = HasherSettings::default();
    HasherSettings {
        workers: passwords
            .workers
            .and_then(|workers| NonZeroUsize::try_from(workers).ok())
            .unwrap_or(defaults.workers),
        queue: usize::try_from(passwords.queue).unwrap_or(usize::MAX),
        cost: HashCost {
            memory_kib: passwords.memory_kib,
            passes: passwords.iterations,
            lanes: passwords.parallelism,
        },
        ..defaults
    }
}

/// Brings the tables up to date where allowed, and loads or makes the key file. A key file that does not belong to the
/// database is noticed before anything is written.
async fn prepare(
    database: &Database,
    migration: Migration,
    path: &Path,
    clock: &Clock,
    random: &Random,
) -> Result<Keyring, StartError> {
    let status = database.schema_status().await?;
    let known = match &status {
        SchemaStatus::TooNew { unknown } => {
            return Err(DatabaseError::TooNew {
                unknown: unknown.clone(),
            }
            .into());
        }
        SchemaStatus::Empty => Vec::new(),
        SchemaStatus::Current | SchemaStatus::Behind { .. } => {
            db::key::all(database.read()).await?
        }
    };
    let file = fitting_keyring(path, &known, random)?;
    if status != SchemaStatus::Current {
        match (migration, &status) {
            (Migration::Allowed, _) | (Migration::OfEmpty, SchemaStatus::Empty) => {
                database.migrate().await?;
            }
            (Migration::OfEmpty | Migration::Refused, _) => return Err(StartError::SchemaBehind),
        }
    }
    let keyring = match file {
        Some(keyring) => keyring,
        None => KeyFile::create(path, random)?.into_keyring(random.clone()),
    };
    note_keys(database, &keyring, clock.now().get()).await?;
    Ok(keyring)
}

/// The keys of a key file, which must be those that a database knows; `None` where there is no file and the database knows none.
///
/// # Errors
/// [`StartError::KeyFileLost`], [`StartError::WrongKey`], [`StartError::KeyFile`].
pub fn fitting_keyring(
    path: &Path,
    known: &[entity::key::Model],
    random: &Random,
) -> Result<Option<Keyring>, StartError> {
    let keyring = match KeyFile::load(path) {
        Err(KeyFileError::Missing(_)) if !known.is_empty() => {
            return Err(StartError::KeyFileLost(path.display().to_string()));
        }
        Err(KeyFileError::Missing(_)) => return Ok(None),
        other => other?.into_keyring(random.clone()),
    };
    check_keys(&keyring, known).map_err(|reason| StartError::WrongKey {
        path: path.display().to_string(),
        reason,
    })?;
    Ok(Some(keyring))
}

/// Whether the keys are those that the database was written with.
///
/// # Errors
/// What does not fit.
pub fn check_keys(keyring: &Keyring, known: &[entity::key::Model]) -> Result<(), WrongKey> {
    known.iter().try_for_each(|key| {
        let stored = KeyedHash::from_bytes(key.check_value.expose());
        let stored = stored.filter(|stored| stored.key_id().to_string() == key.key_id);
        keyring.check(&stored.ok_or(WrongKey::Unreadable)?)
    })
}

async fn note_keys(
    database: &Database,
    keyring: &Keyring,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let values = keyring.check_values();
    let known = db::key::all(database.read()).await?;
    if values.iter().all(|value| {
        known
            .iter()
            .any(|key| key.key_id == value.key_id().to_string())
    }) {
        return Ok(());
    }
    database
        .write(move |transaction| {
            let values = values.clone();
            Box::pin(async move {
                for value in values {
                    let check_value = SecretBytes::new(value.to_bytes());
                    db::key::insert(
                        transaction,
                        &value.key_id().to_string(),
                        &check_value,
                        now_us,
                    )
                    .await?;
                }
                Ok(())
            })
        })
        .await
}
