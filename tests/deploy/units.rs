//! The units of systemd: whether it understands them, how much they leave open, and whether they fit the server.

use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Duration};

use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

pub const SERVICE: &str = include_str!("../../deploy/kontor.service");
const BACKUP: &str = include_str!("../../deploy/kontor-backup.service");
const TIMER: &str = include_str!("../../deploy/kontor-backup.timer");
const CREDENTIALS: &str = include_str!("../../deploy/kontor-credentials.conf");

/// Where the units expect the program.
const PROGRAM: &str = "/usr/local/bin/kontor";

/// The most that systemd may find exposed, of 100.
const EXPOSURE: &str = "15";

#[track_caller]
pub fn analyze(arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systemd.sh");
    let output = Command::new(script)
        .args(arguments)
        .env("SYSTEMD_COLORS", "0")
        .output()
        .expect("systemd-analyze");
    let (told, warned) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{arguments:?}: {told}{warned}");
    // It says what it does not understand, and goes on.
    assert!(!warned.contains("kontor"), "{arguments:?}: {warned}");
    told.into_owned()
}

/// The units with the program of this build, since systemd looks whether there is one.
fn installed() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let program = cargo_bin!("kontor").display().to_string();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text.replace(PROGRAM, &program)).expect("a unit");
    };
    assert!(SERVICE.contains(PROGRAM) && BACKUP.contains(PROGRAM));
    write("kontor.service", SERVICE);
    write("kontor-backup.service", BACKUP);
    write("kontor-backup.timer", TIMER);
    write("kontor.service.d/credentials.conf", CREDENTIALS);
    folder
}

#[test]
fn the_units_are_understood_and_leave_little_open() {
    let folder = installed();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (service, backup) = (path("kontor.service"), path("kontor-backup.service"));
    analyze(&[
        "verify",
        "--man=no",
        &service,
        &backup,
        &path("kontor-backup.timer"),
    ]);
    let threshold = format!("--threshold={EXPOSURE}");
    for unit in [&service, &backup] {
        analyze(&["security", "--offline=true", "--no-pager", &threshold, unit]);
    }
}

/// The value of a key that stands once in a unit.
#[track_caller]
fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let begin = format!("{key}=");
    let mut lines = unit.lines().filter_map(|line| line.strip_prefix(&begin));
    let value = lines.next().unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(lines.next(), None, "{key} stands there twice");
    value
}

#[track_caller]
fn seconds(unit: &str, key: &str) -> Duration {
    let text = value(unit, key);
    humantime::parse_duration(text).unwrap_or_else(|reason| panic!("{key}={text}: {reason}"))
}

#[test]
fn the_unit_fits_the_server() {
    let limits = kontor::config::Limits::default();
    let stopping = limits.shutdown_notice + limits.shutdown_grace;
    assert!(seconds(SERVICE, "TimeoutStopSec") > stopping + Duration::from_secs(5));
    let files: usize = value(SERVICE, "LimitNOFILE").parse().expect("a number");
    assert!(files > 2 * limits.connections, "{files}");
    assert_eq!(value(SERVICE, "RestartPreventExitStatus"), "2 3 5");
    assert!(seconds(SERVICE, "RestartSec") >= Duration::from_secs(1));
}

/// A backup runs with the same rights as the server.
#[test]
fn both_services_are_hardened_alike() {
    let restrictions = |unit: &'static str| -> BTreeSet<&str> {
        let from = unit.find("NoNewPrivileges=").expect("restrictions");
        let lines = unit[from..].lines();
        lines
            .take_while(|line| !line.starts_with('['))
            .filter(|line| line.contains('='))
            .filter(|line| !line.starts_with('#'))
            .collect()
    };
    assert_eq!(restrictions(SERVICE), restrictions(BACKUP));
    assert!(restrictions(SERVICE).len() > 25);
}
