//! Gathers the facts that the database tells.

use entity::challenge::Channel;
use kontor_openapi::scalar::InstanceId;

use super::{Report, Unreadable, credentials, delivery, files, providers, sqlite_file, store};
use crate::app::{check_keys, database_settings, mandatory_channels};
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::{
    self, DatabaseError, SchemaStatus, examination::Examination, instance::SecondFactors,
};
use crate::mfa::tan_channel;
use crate::secrets::Keyring;

pub(super) async fn look_at_database(
    settings: &Settings,
    keyring: Option<&Keyring>,
    clock: &Clock,
    report: &mut Report,
) -> Result<(), Unreadable> {
    if let Some(file) = sqlite_file(settings).filter(|file| !file.exists()) {
        return Err(Unreadable::Missing(file));
    }
    let database = Examination::begin(&database_settings(settings)).await?;
    let looked = async {
        match sqlite_file(settings) {
            Some(_) => look_at_sqlite(&database, report).await?,
            None => look_at_postgres(&database, settings, clock, report).await?,
        }
        let status = database.schema_status().await?;
        report.judge_each(&store::SCHEMA, store::other_schema(&status));
        match status {
            SchemaStatus::Current => {
                look_at_rows(&database, settings, keyring, clock, report).await?;
                Ok(())
            }
            other => Err(Unreadable::Schema(other)),
        }
    }
    .await;
    if sqlite_file(settings).is_none() {
        look_for_locks(&database, looked.as_ref().err(), report).await;
    }
    database.end().await;
    looked
}

/// Who holds a lock is asked only where it was waited for: others come and go.
async fn look_for_locks(
    database: &Examination,
    unreadable: Option<&Unreadable>,
    report: &mut Report,
) {
    match unreadable {
        Some(Unreadable::Database(error)) if error.is_lock_timeout() => {
            // It may have been let go meanwhile; that the database could not be read is told then.
            let tables = database.locked_tables().await.unwrap_or_default();
            if !tables.is_empty() {
                report.judge(&store::POSTGRES_LOCKED, store::locked(tables));
            }
        }
        Some(Unreadable::Database(_) | Unreadable::Missing(_)) => {}
        Some(Unreadable::Schema(_)) | None => report.judge(&store::POSTGRES_LOCKED, None),
    }
}

async fn look_at_sqlite(database: &Examination, report: &mut Report) -> Result<(), DatabaseError> {
    report.judge(
        &store::SQLITE_DAMAGED,
        store::damaged(database.damage().await),
    );
    report.judge(
        &store::SQLITE_DANGLING,
        store::dangling(database.dangling().await?),
    );
    let journal = database.journal_mode().await?;
    report.judge(&store::SQLITE_JOURNAL, store::other_journal(&journal));
    Ok(())
}

async fn look_at_postgres(
    database: &Examination,
    settings: &Settings,
    clock: &Clock,
    report: &mut Report,
) -> Result<(), DatabaseError> {
    let facts = database.postgres().await?;
    let now_us = clock.now().get();
    let max_connections = settings.database.max_connections;
    report.judge(&store::POSTGRES_VERSION, store::old_version(&facts));
    report.judge(&store::POSTGRES_ENCODING, store::other_encoding(&facts));
    report.judge(
        &store::POSTGRES_CONNECTIONS,
        store::few_connections(&facts, max_connections),
    );
    report.judge(&store::POSTGRES_FORGETFUL, store::forgetful(&facts));
    report.judge(
        &store::CLOCKS_DIFFER,
        store::different_clocks(now_us, facts.now_us),
    );
    Ok(())
}

async fn look_at_rows(
    database: &Examination,
    settings: &Settings,
    keyring: Option<&Keyring>,
    clock: &Clock,
    report: &mut Report,
) -> Result<(), DatabaseError> {
    let reader = database.read();
    let now = clock.now();
    if let Some(keyring) = keyring {
        let known = db::key::all(reader).await?;
        let wrong = check_keys(keyring, &known).err();
        let wrong = wrong.map(|reason| {
            format!(
                "The key file {} is another one: {reason}.",
                settings.secrets.key_file.display()
            )
        });
        report.judge(&files::KEY_FILE_FITS, wrong);
    }
    let last_us = database.last_stored_us().await?;
    report.judge(
        &store::CLOCK_BEHIND,
        store::clock_behind(now.get(), last_us),
    );
    let overdue = database.overdue(now.before(store::GRACE).get()).await?;
    report.judge(&store::OVERDUE, store::overdue(overdue));
    if settings.merchant.enabled {
        let admin = db::instance::find(reader, InstanceId::ADMIN).await?;
        let missing = credentials::missing_admin(settings, admin.is_some());
        report.judge(&credentials::ADMIN, missing);
    }
    let legacy = database.legacy_credentials().await?;
    report.judge(&credentials::OLDER_FORM, credentials::older_form(legacy));
    look_at_factors(database, settings, report).await?;
    let clients = database.clients().await?;
    if !clients.is_empty() {
        let plain = credentials::plain_redirects(&clients);
        report.judge(&credentials::CLIENT_REDIRECTS, plain);
        report.judge(
            &credentials::CLIENT_PKCE,
            credentials::without_pkce(&clients),
        );
    }
    look_at_exchanges(database, settings, now.get(), report).await
}

async fn look_at_factors(
    database: &Examination,
    settings: &Settings,
    report: &mut Report,
) -> Result<(), DatabaseError> {
    let channels = SecondFactors::CHANNELS.into_iter();
    let configured: Vec<Channel> = channels
        .filter(|channel| settings.tan.sends(tan_channel(*channel)))
        .collect();
    let mandatory = mandatory_channels(settings);
    let unreached = delivery::unreached(database.read(), &configured, &mandatory).await?;
    let sentence = |what| move |instances: String| delivery::about(what, &instances);
    report.judge(
        &delivery::UNREACHABLE,
        unreached
            .without_channel
            .map(sentence(delivery::WITHOUT_CHANNEL)),
    );
    report.judge(
        &delivery::UNPROVEN,
        unreached
            .without_mandatory_factor
            .map(sentence(delivery::WITHOUT_MANDATORY_FACTOR)),
    );
    let bound = database.bound_instances().await?;
    if bound > 0 {
        let missing = delivery::missing_channels(&configured, &mandatory, bound);
        report.judge(&delivery::MANDATORY, missing);
    }
    Ok(())
}

async fn look_at_exchanges(
    database: &Examination,
    settings: &Settings,
    now_us: i64,
    report: &mut Report,
) -> Result<(), DatabaseError> {
    let exchanges: Vec<_> = settings.merchant.enabled_exchanges().collect();
    if exchanges.is_empty() {
        return Ok(());
    }
    let urls = exchanges.iter().map(|exchange| exchange.base_url.as_str());
    let rows = db::exchange::find(database.read(), urls).await?;
    let all = || exchanges.iter().copied();
    report.judge(
        &providers::NEVER_REACHED,
        providers::never_reached(all(), &rows),
    );
    report.judge(
        &providers::EXPIRED,
        providers::expired(all(), &rows, now_us),
    );
    report.judge(
        &providers::FAILING,
        providers::failing(all(), &rows, now_us),
    );
    Ok(())
}
