//! What `docs/backup.md` shows, lived through: an operator makes backups, loses a machine, moves, and changes to a new release.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{
    page::Page,
    reader::{INSTALL_AS_ONESELF, Reader},
};
use crate::cli::program::{Place, names_in, on_place};

const PAGE: Page = Page(include_str!("../../docs/backup.md"));
const UNIT: &str = include_str!("../../deploy/kontor-backup.service");

/// There is no other user to run verbs as.
const PLAYED: &str = r#"as_kontor() { kontor "$@"; }"#;

/// Where the page's commands find what they speak of.
fn set_out(reader: &mut Reader, place: &Place, shared: &Place) {
    reader.run(&place.as_command());
    reader.run(PLAYED);
    reader.run(INSTALL_AS_ONESELF);
    let shared = shared.folder.path().display();
    reader.run(&format!(
        "BACKUPS='{shared}/backups' SAFE='{shared}/safe' KEY_FILE='{}'",
        place.path("kontor.key").display()
    ));
}

/// From the folder of the new release, once without and once with a backup.
fn change_release(reader: &mut Reader, block: &str, shared: &Place) {
    let program = shared.path("program").display().to_string();
    let block = block.replace("/usr/local/bin/kontor", &program);
    assert!(block.contains(&program), "{block}");
    reader.run("echo new >kontor");
    let failed = reader.run(&format!(
        "(BACKUPS=$BACKUPS/nowhere\n{block}) >failed 2>&1 || echo no backup\ncat failed"
    ));
    assert!(failed.starts_with("no backup\nerror: "), "{failed}");
    assert!(!failed.contains("tables"), "{failed}");
    assert!(!shared.path("program").exists());
    let printed = reader.run(&block);
    assert!(printed.contains("The tables are up to date."), "{printed}");
    assert_eq!(reader.run(&format!("cat '{program}'")), "new\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_restore_and_moving_work_as_printed() {
    let shared = Place::new();
    for folder in ["backups", "safe"] {
        fs::create_dir(shared.path(folder)).expect("a folder");
    }
    let blocks = PAGE.blocks("sh");
    // How a database is made anew, the story of the installation tells: it takes a server of one's own.
    let [backup, key_file, check, digest, _, restore, copy, change] = &blocks[..] else {
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
        change_release(&mut reader, change, &shared);
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

/// What `cron` hands to a shell of the page's line: a `%` without a backslash would end the command.
fn nightly_by_cron(program: &Path, backups: &Path) -> String {
    let line = PAGE.blocks("crontab").concat();
    let command = line.trim_end().splitn(6, ' ').nth(5).expect("a command");
    assert_eq!(command.matches('%').count(), command.matches("\\%").count());
    command
        .replace("\\%", "%")
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
        let mut reader = Reader::new("");
        let mut run_in = |folder: &str, job: fn(&Path, &Path) -> String| {
            let backups = place.path(folder);
            fs::create_dir(&backups).expect("a folder");
            let old = std::time::SystemTime::UNIX_EPOCH;
            for name in ["kontor-2001-01-01-032000.db", "before-2001-01-01-032000.db"] {
                let file = fs::File::create(backups.join(name)).expect("a file");
                file.set_modified(old).expect("a time");
            }
            let printed = reader.run(&job(&program, &backups));
            let left = names_in(&backups);
            let [before, new] = &left[..] else {
                panic!("{left:?}");
            };
            assert_eq!(before, "before-2001-01-01-032000.db");
            (printed, new.clone())
        };
        let (printed, by_cron) = run_in("by-cron", nightly_by_cron);
        assert_eq!(printed, "");
        let (printed, new) = run_in("backups", nightly);
        assert!(printed.contains("is whole"), "{printed}");
        let digits = |name: &str| name.replace(|letter: char| letter.is_ascii_digit(), "0");
        assert_eq!(digits(&by_cron), "kontor-0000-00-00-000000.db");
        assert_eq!(digits(&new), digits(&by_cron));
        place.output(&["restore", "--check", &format!("by-cron/{by_cron}")]);
        // The page's backup has a name of the same form.
        assert!(PAGE.blocks("sh")[0].contains("kontor-$(date +%F-%H%M%S).db"));
        assert!(UNIT.contains("kontor-$$(date +%%F-%%H%%M%%S).db"));
        assert!(new.starts_with("kontor-20"), "{new}");
        place.output(&["restore", "--check", &format!("backups/{new}")]);
    })
    .await;
}
