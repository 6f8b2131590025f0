use std::fs;

use tempfile::TempDir;

use super::*;
use crate::secrets::Purpose;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kontor.key");
    (folder, path)
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn message(path: &Path) -> String {
    let error = KeyFile::load(path).unwrap_err().to_string();
    error.replace(path.to_str().unwrap(), "FILE")
}

#[test]
fn created_file_is_private_and_loads() {
    let (_folder, path) = folder();
    let random = Random::seeded(5);
    let created = KeyFile::create(&path, &random).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let loaded = KeyFile::load(&path).unwrap().into_keyring(random.clone());
    let created = created.into_keyring(random);
    let sealed = created.seal(Purpose::InstanceSigningKey, b"", b"secret");
    let opened = loaded
        .open(Purpose::InstanceSigningKey, b"", &sealed)
        .unwrap();
    assert_eq!(opened.as_slice(), b"secret");
}

#[test]
fn existing_file_is_never_overwritten() {
    let (_folder, path) = folder();
    write(&path, "precious", 0o644);
    let error = KeyFile::create(&path, &Random::seeded(5)).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn failed_creation_names_the_file() {
    let (folder, _) = folder();
    let path = folder.path().join("missing").join("kontor.key");
    let error = KeyFile::create(&path, &Random::seeded(5)).unwrap_err();
    assert!(matches!(error, KeyFileError::Write { .. }));
    assert!(error.to_string().contains("missing/kontor.key"));
}

#[test]
fn file_open_to_others_is_refused() {
    let (_folder, path) = folder();
    KeyFile::create(&path, &Random::seeded(5)).unwrap();
    for mode in [0o604, 0o640, 0o660, 0o644, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(
            message(&path),
            format!(
                "the key file FILE is open to other users (mode {mode:04o}): \
                 make it private with chmod 600 FILE"
            )
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    KeyFile::load(&path).unwrap();
}

#[test]
fn missing_file_is_told_apart() {
    let (_folder, path) = folder();
    let error = KeyFile::load(&path).unwrap_err();
    assert!(matches!(error, KeyFileError::Missing(_)));
}

#[test]
fn last_of_several_keys_seals() {
    let (_folder, path) = folder();
    let (zeros, ones) = ("0".repeat(52), "1".repeat(52));
    let text = format!("# two keys\n\nkey AAAAAAAA {zeros}\n  key  BBBBBBBB\t{ones} \r\n");
    write(&path, &text, 0o600);
    let keyring = KeyFile::load(&path)
        .unwrap()
        .into_keyring(Random::seeded(5));
    assert_eq!(keyring.newest_id().to_string(), "BBBBBBBB");
    let ids: Vec<String> = keyring.key_ids().map(|id| id.to_string()).collect();
    assert_eq!(ids, ["BBBBBBBB", "AAAAAAAA"]);
}

#[test]
fn mistakes_name_the_line_and_never_the_secret() {
    let (_folder, path) = folder();
    let good = format!("key AAAAAAAA {}\n", "0".repeat(52));
    let short = "0".repeat(51);
    for (text, expected) in [
        (String::new(), "FILE is no key file: it has no key in it"),
        (
            format!("{good}kei BBBBBBBB {short}\n"),
            "line 2 of the key file FILE is not of the form: key ID SECRET",
        ),
        (
            format!("key BBBBBBBB {short}\n"),
            "line 1 of the key file FILE has a secret that is not 52 characters of \
             Crockford's base32",
        ),
        (
            good.replace("AAAAAAAA", "AAAA"),
            "line 1 of the key file FILE has an id that is not 8 characters of Crockford's base32",
        ),
        (
            good.repeat(2),
            "line 2 of the key file FILE repeats the id of an earlier line",
        ),
        (
            format!("{}{good}", "#\n".repeat(40_000)),
            "FILE is no key file: it is longer than 64 KiB",
        ),
    ] {
        write(&path, &text, 0o600);
        assert_eq!(message(&path), expected);
    }
}

#[test]
fn folder_and_binary_are_no_key_files() {
    let (folder, path) = folder();
    fs::write(&path, [0xff, 0xfe]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(message(&path), "FILE is no key file: it is not text");
    assert_eq!(
        message(folder.path()),
        "FILE is no key file: it is not a regular file"
    );
}
