//! What a backup says of itself.

use kontor::clock::UnixMicros;
use kontor::db::DatabaseSettings;
use kontor::db::backup::{self, Backup};

use super::{MADE_AT, refusal};
use crate::database::support::NOW;
use crate::database::transfer::{execute, on_full_database};

#[tokio::test]
async fn what_is_not_as_it_was_written_is_no_backup() {
    on_full_database(async |source| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("backup.db");
        let written = backup::write(&source.settings, &file, MADE_AT).await;
        written.expect("a backup");
        let whole = std::fs::read(&file).expect("a file");
        for (alteration, reason) in [
            (
                "UPDATE instance SET name = 'Ship'",
                "its table instance is not as it was written",
            ),
            (
                "UPDATE key SET check_value = x'00'",
                "its table key is not as it was written",
            ),
            (
                "DELETE FROM audit_event",
                "its table audit_event is not as it was written",
            ),
            (
                "UPDATE sqlite_sequence SET seq = seq + 1",
                "its table sqlite_sequence is not as it was written",
            ),
            (
                "ALTER TABLE otp_device RENAME COLUMN ctr TO counter",
                "its table otp_device is not as it was written",
            ),
            (
                "DROP TABLE address_grant",
                "its table address_grant is missing",
            ),
            (
                "CREATE TABLE other (a INTEGER)",
                "its table other was added to it",
            ),
            (
                "DELETE FROM kontor_backup",
                "what it says of itself cannot be read",
            ),
            (
                "UPDATE kontor_backup SET manifest = '{}'",
                "what it says of itself cannot be read",
            ),
            (
                "DROP TABLE kontor_backup; CREATE VIEW kontor_backup AS \
                 WITH RECURSIVE endless (manifest) AS (SELECT 1 UNION ALL SELECT manifest + 1 FROM endless) SELECT manifest FROM endless",
                "what it says of itself cannot be read",
            ),
        ] {
            let altered = folder.path().join("altered.db");
            std::fs::write(&altered, &whole).expect("a file");
            let alteration = format!("PRAGMA foreign_keys = OFF; {alteration}");
            execute(&DatabaseSettings::of_file(&altered), &alteration).await;
            assert_eq!(refusal(&altered).await, reason, "{alteration}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_began_as_a_backup_is_none() {
    on_full_database(async |source| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("backup.db");
        let written = backup::write(&source.settings, &file, MADE_AT).await;
        let written = written.expect("a backup");

        // A backup that was made of a backup has digests of its own.
        let second = folder.path().join("second.db");
        let later = UnixMicros::new(NOW + 1);
        let again = backup::write(&DatabaseSettings::of_file(&file), &second, later).await;
        let again = again.expect("a backup");
        assert_eq!(again.tables, written.tables);
        assert_eq!(
            (written.made_at_us, again.made_at_us),
            (Some(NOW), Some(NOW + 1))
        );

        // One that is served can change, and says so.
        let settings = DatabaseSettings::of_file(&file);
        let served = kontor::db::Database::connect(&settings)
            .await
            .expect("a database");
        served.close().await;
        execute(
            &settings,
            "UPDATE instance SET name = 'Ship'; PRAGMA journal_mode = DELETE",
        )
        .await;
        let opened = Backup::open(&file).await.expect("a database");
        assert_eq!(opened.close().await.made_at_us, None);
    })
    .await;
}
