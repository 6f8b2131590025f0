//! What is damaged, stopped half way, or open to others.

use std::os::unix::fs::PermissionsExt as _;

use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use snapbox::str;

use super::mode;
use crate::cli::program::{Place, names_in, on_place};
use crate::database::support::postgres_url;

#[tokio::test]
async fn a_damaged_backup_is_told_from_a_copy_of_a_database() {
    on_place(async |place| {
        place.create_instance("admin");
        place.create_instance("tea-house");
        place.output(&["backup", "backup.db"]);
        // Another letter in a name, as a disk that rots would have it.
        let mut bytes = std::fs::read(place.path("backup.db")).expect("a backup");
        let name = b"tea-house";
        let at: Vec<usize> = (0..bytes.len() - name.len())
            .filter(|at| &bytes[*at..*at + name.len()] == name)
            .collect();
        for at in at {
            bytes[at + 4] = b'm';
        }
        std::fs::write(place.path("backup.db"), &bytes).expect("a backup");
        let check = |file: &str| place.kontor(&["restore", "--check", file]);
        let refused = check("backup.db").assert().code(1).stdout_eq("");
        let refused = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(refused.contains("is not as it was written"), "{refused}");
        let restore = ["restore", "backup.db", "--set", "database.url=sqlite://other.db"];
        place.kontor(&restore).assert().code(1);
        assert!(!place.path("other.db").exists());
        std::fs::write(place.path("backup.db"), &bytes[..bytes.len() / 2]).expect("a backup");
        check("backup.db").assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: backup.db is no backup that can be used: it is damaged, so use another one (SQLite: [..])

"#]]);
        if place.url.is_none() {
            let copy = check("kontor.db").assert().success();
            copy.stderr_eq(str![[r#"
warning: kontor.db does not say what was written into it, as what "kontor backup" writes does: rows that were altered go unnoticed

"#]]);
        }
    })
    .await;
}

#[tokio::test]
async fn older_tables_are_backed_up_before_they_are_changed() {
    // Of an SQLite database that is older the new program makes backups, too.
    if postgres_url().is_none() {
        return;
    }
    on_place(async |place| {
        place.create_instance("admin");
        place
            .execute("DELETE FROM seaql_migrations WHERE version = 'm0011_sweep'")
            .await;
        let backup = place.kontor(&["backup", "b.db"]).assert().code(5);
        backup.stderr_eq(str![[r#"
error: [..]: the tables of the source are not those of this program: the steps m0011_sweep are missing; let the release that wrote them make a backup, and only then run "kontor migrate"

"#]]);
    })
    .await;
}

#[tokio::test]
async fn a_backup_that_is_stopped_leaves_nothing() {
    on_place(async |place| {
        place.create_instance("admin");
        // It begins, and then waits for somebody else.
        let other = sea_orm::Database::connect(place.database_url()).await;
        let other = other.expect("a connection");
        let lock = match place.url {
            None => {
                let sql = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE";
                other.execute_unprepared(sql).await.expect("a lock");
                None
            }
            Some(_) => {
                let lock = other.begin().await.expect("a transaction");
                let sql = "LOCK TABLE key IN ACCESS EXCLUSIVE MODE";
                lock.execute_unprepared(sql).await.expect("a lock");
                Some(lock)
            }
        };
        let folder = place.folder.path();
        // Whoever runs the tests may have started them with "nohup".
        let heeding = ["env", "--default-signal=HUP,QUIT"];
        let patient = ["backup", "b.db", "--set", "database.acquire_timeout=1 min"];
        for signal in ["-TERM", "-INT", "-HUP", "-QUIT"] {
            let backup = place.start_under(&heeding, &patient, &[]);
            let has_begun = || {
                let names = names_in(folder);
                let draft = names.iter().find(|name| name.starts_with(".kontor-backup-"));
                draft.is_some_and(|draft| !names_in(&folder.join(draft)).is_empty())
            };
            while !has_begun() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let (status, _) = backup.stop(signal);
            assert_eq!(status.code(), Some(1), "{}", place.log());
            let told = format!("error: stopped by SIG{} before it was done\n", &signal[1..]);
            assert_eq!(place.log(), told);
            let left = names_in(folder);
            assert!(!left.iter().any(|name| name.contains("b.db") || name.starts_with('.')), "{left:?}");
        }
        let backup = place.start_under(&["env", "--ignore-signal=HUP"], &patient, &[]);
        while !names_in(folder).iter().any(|name| name.starts_with(".kontor-backup-")) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        backup.signal("-HUP");
        let (status, _) = backup.stop("-TERM");
        assert_eq!(status.code(), Some(1), "{}", place.log());
        assert_eq!(place.log(), "error: stopped by SIGTERM before it was done\n");
        if let Some(lock) = lock {
            lock.rollback().await.expect("the end of the lock");
        }
        other.close().await.expect("the end of a connection");
    })
    .await;
}

#[tokio::test]
async fn a_restoration_that_is_stopped_leaves_nothing() {
    let place = Place::new();
    let older = format!("sqlite://{}?mode=rwc", place.path("older.db").display());
    let older = sea_orm::Database::connect(older).await.expect("a file");
    Migrator::up(&older, Some(8)).await.expect("steps");
    older.close().await.expect("the end of a connection");
    // It has brought the backup up to date in a copy, and waits for the target.
    place.output(&["migrate"]);
    let other = sea_orm::Database::connect(place.database_url()).await;
    let other = other.expect("a connection");
    let lock = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE";
    other.execute_unprepared(lock).await.expect("a lock");
    let restore = [
        "restore",
        "older.db",
        "--set",
        "database.acquire_timeout=1 min",
    ];
    let restore = place.start(&restore, &[]);
    let copies = || {
        let names = names_in(place.folder.path()).into_iter();
        names
            .filter(|name| name.starts_with("kontor-backup-"))
            .count()
    };
    while copies() == 0 || !place.path("kontor.db-serve.lock").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let (status, _) = restore.stop("-TERM");
    assert_eq!(status.code(), Some(1), "{}", place.log());
    assert_eq!(copies(), 0);
    other.close().await.expect("the end of a connection");
}

#[test]
fn a_target_that_others_could_open_is_closed_to_them() {
    let place = Place::new();
    place.create_instance("admin");
    std::fs::write(place.path("open.db"), "").expect("a file");
    let wide = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(place.path("open.db"), wide).expect("a mode");
    let copy = place.kontor(&["copy", "--to", "sqlite://open.db"]);
    copy.assert().success().stderr_eq(str![[r#"
warning: open.db was open to other users (mode 0644), and is now open to its owner alone

"#]]);
    assert_eq!(mode(&place.path("open.db")), 0o600);
}

#[tokio::test]
async fn a_key_of_which_nothing_is_known_fits_no_key_file() {
    let place = Place::new();
    place.create_instance("admin");
    place.execute("UPDATE key SET check_value = x'00'").await;
    place.output(&["backup", "backup.db"]);
    let check = place.kontor(&["restore", "--check", "backup.db"]);
    check.assert().code(3).stderr_eq(str![[r#"
error: the key file kontor.key does not belong to this database: what the database notes of one of its keys cannot be read

"#]]);
}
