//! The documents against those of the last release: what clients were promised stays.
//!
//! `openapi/released/` holds them, one folder for each version; the newest is the one that counts. CONTRIBUTING.md says how a
//! release adds its own.

mod compare;
mod kinds;
mod schema;

use std::{fs, path::Path};

use kontor_openapi::{challenger, merchant};
use serde_json::Value;

use compare::{Change, compare};

/// The folder of the newest version, by its three numbers.
fn newest() -> std::path::PathBuf {
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/released");
    let folders = fs::read_dir(released).expect("released documents");
    let folders = folders.map(|folder| folder.expect("a folder").path());
    let version = |folder: &std::path::PathBuf| -> Vec<u32> {
        let name = folder.file_name().and_then(|name| name.to_str());
        let numbers = name.expect("a version").split('.');
        numbers
            .map(|number| number.parse().expect("a number"))
            .collect()
    };
    folders.max_by_key(version).expect("a released version")
}

fn released(api: &str) -> Value {
    let file = newest().join(format!("{api}.yaml"));
    let text = fs::read_to_string(&file).expect("a released document");
    yaml_serde::from_str(&text).expect("YAML")
}

fn told(changes: &[&Change]) -> String {
    let lines = changes
        .iter()
        .map(|Change { place, what, .. }| format!("  {place}: {what}\n"));
    lines.collect()
}

#[track_caller]
fn stays_compatible(api: &str, today: &str) {
    let today = serde_json::from_str(today).expect("the document");
    let changes = compare(&released(api), &today);
    let (breaking, warnings): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.breaking);
    assert!(
        breaking.is_empty(),
        "clients of {} would fail:\n{}Careless ones might:\n{}",
        newest().display(),
        told(&breaking),
        told(&warnings)
    );
}

#[test]
fn clients_of_the_released_merchant_document_go_on_working() {
    stays_compatible("merchant", merchant::DOCUMENT);
}

#[test]
fn clients_of_the_released_challenger_document_go_on_working() {
    stays_compatible("challenger", challenger::DOCUMENT);
}
