//! Gathers the facts outside of the database: files, settings, the machine.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::files::{Held, SecretFile};
use super::machine::{FileFacts, Space, folder_of, folders_above};
use super::{
    Patient, Report, capacity, credentials, delivery, exposure, files, machine, sqlite_file,
};
use crate::config::Settings;
use crate::random::Random;
use crate::secrets::Keyring;

pub(super) fn look_at_files(
    patient: &Patient<'_>,
    random: &Random,
    report: &mut Report,
) -> Option<Keyring> {
    let settings = &patient.loaded.settings;
    let key_file = &settings.secrets.key_file;
    let keyring = files::read_key_file(key_file, random);
    report.judge_each(&files::KEY_FILE, keyring.as_ref().err().cloned());

    let secret = secret_files(patient);
    report.judge(&files::PRIVATE_FILES, files::open_to_others(&secret));
    let paths = secret.iter().map(|file| file.facts.path.as_path());
    let configuration = patient.configuration.as_deref();
    if let Some(configuration) = configuration.and_then(FileFacts::of) {
        let changeable = files::changeable_configuration(&configuration);
        report.judge(&files::CONFIGURATION, changeable);
    }
    let paths = paths.chain([key_file.as_path()]).chain(configuration);
    let folders: BTreeSet<PathBuf> = paths.flat_map(folders_above).collect();
    let folders: Vec<FileFacts> = folders.iter().filter_map(|at| FileFacts::of(at)).collect();
    report.judge(&files::PRIVATE_FOLDERS, files::writable_folders(&folders));

    let database = sqlite_file(settings).and_then(|file| FileFacts::of(&file));
    if let Some((key_file, database)) = FileFacts::of(key_file).zip(database) {
        report.judge(
            &files::ONE_OWNER,
            files::different_owners(&key_file, &database),
        );
    }
    keyring.ok()
}

/// Every file with secrets that is there, but the key file, which is looked at when it is read.
fn secret_files(patient: &Patient<'_>) -> Vec<SecretFile> {
    let loaded = patient.loaded;
    let database = sqlite_file(&loaded.settings);
    let of_database = database.iter().flat_map(|file| files::of_database(file));
    let spools = delivery::spools(&loaded.settings).into_iter();
    let named = loaded.secret_files.values().chain(&patient.secret_files);
    let configuration = loaded.file_with_secrets();
    let owned = of_database
        .map(|path| (path, "database"))
        .chain(spools.map(|(_, path)| (path, "file with codes")))
        .filter_map(|(path, kind)| SecretFile::of(&path, kind, Held::ByOwner));
    let shared = named
        .map(|path| (path.clone(), "file with a secret"))
        .chain(configuration.map(|path| (path, "configuration with a secret in it")))
        .filter_map(|(path, kind)| SecretFile::of(&path, kind, Held::ByGroupToo));
    owned.chain(shared).collect()
}

pub(super) fn look_at_settings(settings: &Settings, report: &mut Report) {
    report.judge(&exposure::PUBLIC_URL_PLAIN, exposure::plain_urls(settings));
    report.judge(&exposure::PUBLIC_URL_ODD, exposure::odd_urls(settings));
    report.judge(
        &exposure::PROXIES_MISSING,
        exposure::missing_proxies(settings),
    );
    if !settings.limits.trusted_proxies.is_empty() {
        report.judge(&exposure::PROXIES_WIDE, exposure::wide_proxies(settings));
    }
    report.judge(
        &exposure::MANAGEMENT_OPEN,
        exposure::open_management(settings),
    );
    report.judge(&exposure::OUTBOUND_WIDE, exposure::wide_outbound(settings));
    if delivery::sends_anything(settings) {
        report.judge(&delivery::SPOOL, delivery::public_spools(settings));
    }
    if delivery::commands(settings).next().is_some() {
        let (programs, folders) = delivery::programs(settings);
        let changeable = delivery::changeable(&programs, &folders);
        report.judge(&delivery::HELPERS, changeable);
    }
    if settings.merchant.enabled && settings.merchant.self_provisioning {
        report.judge(&delivery::SIGN_UP, delivery::unproven_sign_up(settings));
    }
    report.judge(&credentials::EXTERNAL, credentials::external(settings));
    report.judge(&capacity::PASSWORD_COST, capacity::cheap_hashes(settings));
}

pub(super) fn look_at_machine(settings: &Settings, report: &mut Report) {
    if let Some(memory) = machine::memory() {
        let hungry = capacity::hungry_hashes(settings, machine::processors(), memory);
        report.judge(&capacity::PASSWORD_MEMORY, hungry);
    }
    if let Some(limit) = machine::open_files_limit() {
        report.judge(
            &capacity::OPEN_FILES,
            capacity::too_few_files(settings, limit),
        );
    }
    report.judge(&capacity::LOG_LEVEL, capacity::loud_log(settings));
    // A server of its own has its own disk.
    let (place, file) = match sqlite_file(settings) {
        Some(file) => ("database", file),
        None => ("key file", settings.secrets.key_file.clone()),
    };
    let bytes = FileFacts::of(&file).map_or(0, |facts| facts.bytes);
    if let Some(space) = Space::at(&folder_of(&file)) {
        report.judge(&capacity::DISK_FULL, capacity::full(place, space));
        let bytes = match place {
            "database" => bytes,
            _ => 0,
        };
        let reserve = capacity::without_reserve(place, bytes, space);
        report.judge(&capacity::DISK_RESERVE, reserve);
    }
}
