//! What `docs/backup.md` shows, lived through: an operator makes backups, loses a machine, moves, and changes to a new release.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{page::Page, reader::Reader};
use crate::cli::program::{Place, names_in, on_place};

const PAGE: Page = Page(include_str!("../../docs/backup.md"));
const UNIT: &str = include_str!("../../deploy/kontor-backup.service");

/// There is no other user to run verbs as, and none to give files to.
const PLAYED: &str = r#"
as_kontor() { kontor "$@"; }
install() {
    local kept=()
    while [ $# -gt 0 ]; do
        case $1 in
            -o | -g) shift 2 ;;
            *) kept+=("$1") && shift ;;
        esac
    done
    command install "${kept[@]}"
}
"#;

/// Where the page's commands find what they speak of.
fn set_out(reader: &mut Reader, place: &Place, shared: &Place) {
    reader.run(&place.as_command());
    reader.run(PLAYED);
    let shared = shared.folder.path().display();
    reader.run(&format!(
        "BACKUPS='{shared}/backups' SAFE='{shared}/safe' KEY_FILE='{}'",
        place.path("kontor.key").display()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_restore_and_moving_work_as_printed() {
    let shared = Place::new();
    for folder in ["backups", "safe"] {
        fs::create_dir(shared.path(folder)).expect("a folder");
    }
    let blocks = PAGE.blocks("sh");
    let [backup, key_file, check, digest, restore, copy, change] = &blocks[..] else {
        panic!("the page has other steps: {blocks:#?}");
    };
    on_place(async |lost| {
        lost.create_instance("admin");
        let server = lost.start(&["serve"], &[]);
        server.merchant_url();
        let mut reader = Reader::new("");
        set_out(&mut reader, lost, &shared);
        let printed = reader.run(backup);
        assert!(printed.contains("is whole"), "{printed}");
        reader.run(key_file);
        let printed = reader.run(check);
        assert!(printed.contains("kontor.key fits"), "{printed}");
        assert!(printed.contains("holds what was written"), "{printed}");
        let printed = reader.run(digest);
        assert!(printed.ends_with(": OK\n"), "{printed}");
        let printed = reader.run(change);
        assert!(printed.contains("The tables are up to date."), "{printed}");
        server.stop("-TERM");
    })
    .await;
    on_place(async |new| {
        let mut reader = Reader::new("");
        set_out(&mut reader, new, &shared);
        let printed = reader.run(restore);
        assert!(printed.contains("Restored"), "{printed}");
        assert!(printed.contains("admin"), "{printed}");
        on_place(async |moved| {
            let address = PAGE.line("postgres://");
            let copy = copy.replace(address, &moved.database_url());
            let there = shared.path("postgres-url").display().to_string();
            let printed = reader.run(&copy.replace("/etc/kontor/postgres-url", &there));
            assert!(printed.contains("every table arrived"), "{printed}");
            // Where nothing but the configuration says which database it is.
            let place = Place::new();
            fs::copy(new.path("kontor.key"), place.path("kontor.key")).expect("a key file");
            let configuration = PAGE.blocks("toml")[0];
            let configuration = configuration.replace("/etc/kontor/postgres-url", &there);
            fs::write(place.path("kontor.toml"), configuration).expect("a configuration");
            let server = place.start(&["serve"], &[]);
            server.merchant_url();
            assert!(place.output(&["instance", "list"]).contains("admin"));
            assert!(server.stop("-TERM").0.success(), "{}", place.log());
        })
        .await;
    })
    .await;
}

/// Both commands of the unit, as systemd reads them, for these folders.
fn nightly(program: &Path, backups: &Path) -> String {
    let command = |key: &str| {
        let mut lines = UNIT.lines().filter_map(|line| line.strip_prefix(key));
        let line = lines.next().expect("a command");
        line.replace("$$", "$").replace("%%", "%")
    };
    format!("{}\n{}", command("ExecStart="), command("ExecStartPost="))
        .replace("/usr/local/bin/kontor", &program.display().to_string())
        .replace("/var/backups/kontor", &backups.display().to_string())
}

#[tokio::test]
async fn the_nightly_job_makes_a_backup_and_removes_the_old() {
    on_place(async |place| {
        place.create_instance("admin");
        let program = place.path("program");
        let script = format!("#!/bin/bash\n{}\nkontor \"$@\"\n", place.as_command());
        fs::write(&program, script).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
        let backups = place.path("backups");
        fs::create_dir(&backups).expect("a folder");
        let old = std::time::SystemTime::UNIX_EPOCH;
        for name in ["kontor-2001-01-01-032000.db", "before-2001-01-01-032000.db"] {
            let file = fs::File::create(backups.join(name)).expect("a file");
            file.set_modified(old).expect("a time");
        }
        let mut reader = Reader::new("");
        let printed = reader.run(&nightly(&program, &backups));
        assert!(printed.contains("is whole"), "{printed}");
        let left = names_in(&backups);
        let [before, new] = &left[..] else {
            panic!("{left:?}");
        };
        assert_eq!(before, "before-2001-01-01-032000.db");
        // The page's backup has a name of the same form.
        assert!(PAGE.blocks("sh")[0].contains("kontor-$(date +%F-%H%M%S).db"));
        assert!(UNIT.contains("kontor-$$(date +%%F-%%H%%M%%S).db"));
        assert!(new.starts_with("kontor-20"), "{new}");
        place.output(&["restore", "--check", &format!("backups/{new}")]);
    })
    .await;
}
